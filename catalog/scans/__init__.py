"""Looking at a zone: what is listed, what stands, what is read, judged and recorded."""

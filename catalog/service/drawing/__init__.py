"""Days, slots and values as shapes, in units of the drawing."""

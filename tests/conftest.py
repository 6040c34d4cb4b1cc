"""What every test starts from: nobody's settings, credentials or proxies, and no address but loopback."""

from __future__ import annotations

import os

for _name in list(os.environ):
    if _name.upper().startswith(("LANDPROOF_", "AWS_")) or _name.lower().endswith("_proxy"):
        del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

"""What runs on the measured host: standard library only, imports nothing of the harness, talks JSON lines."""

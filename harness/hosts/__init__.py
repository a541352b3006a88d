"""Places where contenders are launched."""

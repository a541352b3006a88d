"""Load generators: what they drive and what they saw, never what it means."""

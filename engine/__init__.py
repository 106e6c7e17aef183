"""The engine: computes and publishes; never prints, never draws."""

"""The command line: one file per noun, written once against the application interface."""

"""One turn from keystroke to recorded answer."""

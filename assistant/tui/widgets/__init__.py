"""Widgets: one a file; messages go up, attributes come down."""

"""The two children, their protocol, supervisor and clients; the model catalogue.

Importing this room imports neither numpy nor llama.cpp: those live in the children.
"""

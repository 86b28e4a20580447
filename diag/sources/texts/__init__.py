"""Texts to look for symptoms in: files, folders, archives, standard input. Nothing is ever written.

Everything is streamed: memory does not depend on the size of a file, an archive or what it unpacks to.
"""

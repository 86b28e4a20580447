"""What is known: dated tables with their sources, and the runbooks' front matter."""

"""What the desk shows: a line per ticket, and the story of one. Pure: rows and events in, views out."""

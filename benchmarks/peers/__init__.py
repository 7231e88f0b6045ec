"""Plain transcriptions of what others run, to measure against."""

"""What billing shows to the outside: the page on which customers agree to a quote."""

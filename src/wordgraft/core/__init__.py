"""What every package uses and no user sees."""

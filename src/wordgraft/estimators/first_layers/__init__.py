"""What an estimator stands on: a table, the frozen encoder, or the encoder itself."""

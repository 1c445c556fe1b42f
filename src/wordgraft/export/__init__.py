"""Tables in the formats of other tools, and trained models as ONNX files."""

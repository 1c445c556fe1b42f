"""Tables as files of other tools, and trained models as ONNX files."""

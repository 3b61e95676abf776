"""Deployment: a verified ONNX generator (`to_onnx`, `verify`) and what runs it without TensorFlow (`runtime`)."""

"""One HTML file with the generator in it: `build` joins the templates beside it with the graphs and onnxruntime-web."""

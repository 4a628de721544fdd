"""What views are made of: markup, controls, charts, and the browser's side of them."""

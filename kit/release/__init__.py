"""Release: what a model's signatures take and give, a request through each, and the push."""

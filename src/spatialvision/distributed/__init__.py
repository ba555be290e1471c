"""Several processes that train one model: they meet, agree, watch over each other and end together."""

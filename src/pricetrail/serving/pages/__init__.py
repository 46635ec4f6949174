"""The pages for people: products, a product, the trail behind a price, releases. Rendered here, and whole offline."""

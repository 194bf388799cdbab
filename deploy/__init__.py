"""What the platform around the product is given: dashboards, rules, containers. Nothing of it ships in the wheel."""

"""What bench/run is made of: programs under test, scenarios, the table."""

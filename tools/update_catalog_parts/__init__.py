"""The parts of tools/update_catalog: tables read, names compared, rows made, text kept."""

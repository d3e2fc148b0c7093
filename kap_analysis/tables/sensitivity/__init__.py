"""Tables of the difference under other assumptions."""

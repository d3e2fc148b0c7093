"""Figures of the difference under other assumptions."""

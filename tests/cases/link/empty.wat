;; Nothing at all is a module, and its object one that linkers take.
(module)

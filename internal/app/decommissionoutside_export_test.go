package app

import "bystander/internal/config"

// OutsidePaths are the paths that outsiders knows of, by key.
func OutsidePaths(cfg config.Config) map[string]string {
	out := map[string]string{}
	for _, o := range outsiders(cfg) {
		out[o.key] = o.path
	}
	return out
}

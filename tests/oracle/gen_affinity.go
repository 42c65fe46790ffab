package main

func (g *gen) nodeRequirement() M {
	key := pick(g, "disk", "num", "rack", "empty", zoneKey, regionKey, hostnameKey, "absent")
	op := pick(g, "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
	r := M{"key": key, "operator": op}
	switch op {
	case "In", "NotIn":
		values := A{}
		for _, v := range append([]string{pick(g, "ssd", "a", "r1", "", "n1")}, some(g, 2, "hdd", "b", "r2", "n0", "x")...) {
			values = append(values, v)
		}
		r["values"] = values
	case "Gt", "Lt":
		r["key"] = pick(g, "num", "num", "num", "disk", "absent")
		r["values"] = A{pick(g, "5", "6", "7", "10", "1000", "007", "9223372036854775806", "x")}
	}
	return r
}

func (g *gen) nodeTerm(byName bool) M {
	term := M{}
	if expressions := g.Intn(3); expressions > 0 && !byName || byName && g.chance(20) {
		list := A{g.nodeRequirement()}
		if expressions > 1 {
			list = append(list, g.nodeRequirement())
		}
		term["matchExpressions"] = list
	}
	if byName || g.chance(10) {
		name := func() string { return pick(g, "n0", "n1", "n2", "n3", "gone") }
		fields := A{M{"key": "metadata.name", "operator": pick(g, "In", "In", "In", "In", "NotIn"), "values": A{name()}}}
		if g.chance(10) {
			fields = append(fields, M{"key": "metadata.name", "operator": "In", "values": A{name()}})
		}
		term["matchFields"] = fields
	}
	return term
}

func (g *gen) nodeAffinity() M {
	out := M{}
	if g.chance(85) {
		byName := g.chance(30)
		terms := A{}
		for i := 1 + g.Intn(3); i > 0; i-- {
			terms = append(terms, g.nodeTerm(byName))
		}
		out["requiredDuringSchedulingIgnoredDuringExecution"] = M{"nodeSelectorTerms": terms}
	}
	if g.chance(30) {
		terms := A{M{"weight": 1 + g.Intn(100), "preference": M{"matchExpressions": A{g.nodeRequirement()}}}}
		for i := g.Intn(3); i > 0; i-- {
			terms = append(terms, M{"weight": 1 + g.Intn(100), "preference": g.nodeTerm(g.chance(20))})
		}
		out["preferredDuringSchedulingIgnoredDuringExecution"] = terms
	}
	return out
}

func (g *gen) labelSelector() M {
	s := M{}
	if g.chance(50) {
		s["matchLabels"] = pick(g, M{"app": "web"}, M{"app": "db"}, M{"tier": "v1"}, M{"app": "web", "tier": ""}, M{"version": "v2"})
	}
	if g.chance(50) {
		list := A{}
		for i := 1 + g.Intn(2); i > 0; i-- {
			op := pick(g, "In", "NotIn", "Exists", "DoesNotExist")
			r := M{"key": pick(g, "app", "tier", "version"), "operator": op}
			if op == "In" || op == "NotIn" {
				r["values"] = anys(append([]string{"web"}, some(g, 2, "db", "v1", "v2", "")...))
			}
			list = append(list, r)
		}
		s["matchExpressions"] = list
	}
	return s
}

func (g *gen) podTerm() M {
	t := M{"topologyKey": pick(g, hostnameKey, hostnameKey, zoneKey, zoneKey, regionKey, "rack")}
	if g.chance(92) {
		t["labelSelector"] = g.labelSelector()
		if g.chance(12) {
			t[pick(g, "matchLabelKeys", "mismatchLabelKeys")] = A{pick(g, "app", "tier", "version")}
			if g.chance(30) {
				t["matchLabelKeys"], t["mismatchLabelKeys"] = A{"app", "version"}, A{"tier"}
			}
		}
	}
	if g.chance(25) {
		t["namespaces"] = anys(append([]string{"team-a"}, some(g, 2, "default", "team-b", "none")...))
	}
	if g.chance(30) {
		t["namespaceSelector"] = pick(g, M{}, M{"matchLabels": M{"env": "prod"}}, M{"matchLabels": M{"env": "nowhere"}}, M{"matchLabels": M{"kubernetes.io/metadata.name": "team-b"}},
			M{"matchExpressions": A{M{"key": "env", "operator": "NotIn", "values": A{"prod"}}}},
			M{"matchExpressions": A{M{"key": "env", "operator": "DoesNotExist"}}},
			M{"matchExpressions": A{M{"key": "tier", "operator": "Exists"}, M{"key": "env", "operator": "In", "values": A{"dev", ""}}}})
	}
	return t
}

func (g *gen) podTerms() M {
	out := M{}
	if g.chance(80) {
		terms := A{}
		for i := 1 + g.Intn(2); i > 0; i-- {
			terms = append(terms, g.podTerm())
		}
		out["requiredDuringSchedulingIgnoredDuringExecution"] = terms
	}
	if g.chance(30) {
		terms := A{M{"weight": 1 + g.Intn(100), "podAffinityTerm": g.podTerm()}}
		for i := g.Intn(3); i > 0; i-- {
			terms = append(terms, M{"weight": 1 + g.Intn(100), "podAffinityTerm": g.podTerm()})
		}
		out["preferredDuringSchedulingIgnoredDuringExecution"] = terms
	}
	return out
}

func (g *gen) affinities(spec M) {
	out := M{}
	if g.selectors && g.chance(60) || g.chance(4) {
		out["nodeAffinity"] = g.nodeAffinity()
	}
	if g.affinity && g.chance(45) {
		out["podAffinity"] = g.podTerms()
	}
	if g.affinity && g.chance(45) {
		out["podAntiAffinity"] = g.podTerms()
	}
	if len(out) > 0 {
		spec["affinity"] = out
	}
}

func (g *gen) spreadConstraints() A {
	out := A{}
	used := map[string]bool{}
	for i := 1 + g.Intn(3); i > 0; i-- {
		key, when := pick(g, hostnameKey, hostnameKey, zoneKey, zoneKey, zoneKey, regionKey, "rack"), pick(g, "DoNotSchedule", "DoNotSchedule", "ScheduleAnyway")
		if used[key+when] {
			continue
		}
		used[key+when] = true
		c := M{"maxSkew": pick(g, 1, 1, 2, 3), "topologyKey": key, "whenUnsatisfiable": when}
		if g.chance(93) {
			c["labelSelector"] = g.labelSelector()
			if g.chance(40) {
				c["labelSelector"] = M{"matchLabels": M{"app": "web"}}
			}
			if g.chance(15) {
				c["matchLabelKeys"] = pick(g, A{pick(g, "app", "tier", "version")}, A{"tier", "version"})
			}
		}
		if when == "DoNotSchedule" && g.chance(25) {
			c["minDomains"] = 1 + g.Intn(6)
		}
		if g.chance(40) {
			c["nodeAffinityPolicy"] = pick(g, "Honor", "Ignore")
		}
		if g.chance(40) {
			c["nodeTaintsPolicy"] = pick(g, "Honor", "Ignore")
		}
		out = append(out, c)
	}
	return out
}

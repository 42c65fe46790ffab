package main

import "fmt"

const claimCount = 8

func nodeAffinityOf(key string, values ...string) M {
	return M{"required": M{"nodeSelectorTerms": A{M{"matchExpressions": A{M{"key": key, "operator": "In", "values": anys(values)}}}}}}
}

func (g *gen) storageClasses() []M {
	class := func(name, provisioner, mode string, more M) M {
		out := M{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": M{"name": name}, "provisioner": provisioner, "volumeBindingMode": mode,
			"reclaimPolicy": "Delete"}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	zones := pick(g, A{M{"matchLabelExpressions": A{M{"key": zoneKey, "values": A{"a", "b"}}}}},
		A{M{"matchLabelExpressions": A{M{"key": zoneKey, "values": A{"a", "b"}}}}},
		A{M{"matchLabelExpressions": A{M{"key": zoneKey, "values": A{"a"}}, M{"key": "rack", "values": A{"r1", "r2"}}}}, M{"matchLabelExpressions": A{M{"key": regionKey, "values": A{"r2"}}}}},
		A{M{}})
	return []M{
		class("immediate", "csi.a", "Immediate", nil),
		class("late", "csi.a", "WaitForFirstConsumer", nil),
		class("zoned", "csi.a", "WaitForFirstConsumer", M{"allowedTopologies": zones}),
		class("capacity", "csi.cap", "WaitForFirstConsumer", nil),
		class("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer", nil),
		class("gce", "kubernetes.io/gce-pd", "WaitForFirstConsumer", nil),
		class("vsphere", "kubernetes.io/vsphere-volume", "WaitForFirstConsumer", nil),
	}
}

func (g *gen) volume(name, class, space, claim string) M {
	spec := M{"capacity": M{"storage": pick(g, "1Gi", "5Gi", "10Gi")}, "accessModes": A{pick(g, "ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany")},
		"storageClassName": class, "persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem",
		"csi": M{"driver": pick(g, "csi.a", "csi.a", "csi.b"), "volumeHandle": name}}
	labels, phase := M{}, "Available"
	if claim != "" {
		reference := M{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space, "name": claim, "uid": claimUID(space, claim)}
		switch g.Intn(20) {
		case 0:
			reference["uid"] = "uid-of-another"
		case 1:
			delete(reference, "uid")
		}
		spec["claimRef"] = reference
		spec["accessModes"] = A{"ReadWriteOnce"}
		phase = "Bound"
	}
	g.enrichVolume(spec, labels, name)
	meta := M{"name": name, "labels": labels}
	if g.chance(3) {
		meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	if g.chance(3) {
		meta["annotations"] = M{"volume.beta.kubernetes.io/storage-class": pick(g, "local", "late")}
	}
	if claim == "" && g.chance(10) {
		phase = pick(g, "Released", "Pending")
	}
	switch g.Intn(5) {
	case 0:
		spec["nodeAffinity"] = nodeAffinityOf(zoneKey, pick(g, "a", "b", "c"))
	case 1:
		spec["nodeAffinity"] = nodeAffinityOf(hostnameKey, pick(g, "n0", "n1", "n2"))
	case 2:
		labels[pick(g, zoneKey, "failure-domain.beta.kubernetes.io/zone")] = pick(g, "a", "b", "a__b")
	case 3:
		labels[regionKey] = pick(g, "r1", "r2")
	}
	return M{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec, "status": M{"phase": phase}}
}

// enrichVolume adds what is rare: in-tree sources, block mode, attributes classes, labels that selectors ask for.
func (g *gen) enrichVolume(spec, labels M, name string) {
	if g.chance(15) {
		spec["volumeMode"] = "Block"
	}
	if g.chance(5) {
		spec["volumeAttributesClassName"] = "gold"
	}
	if g.chance(50) {
		labels["tier"] = pick(g, "x", "y")
	}
	if g.chance(70) {
		return
	}
	delete(spec, "csi")
	switch g.Intn(8) {
	case 0, 1:
		spec["gcePersistentDisk"] = M{"pdName": name}
	case 2:
		spec["awsElasticBlockStore"] = M{"volumeID": pick(g, "vol-1", "aws://a/vol-1", "aws:///vol-2", "aws://a/x", "plain")}
	case 3:
		spec["cinder"] = M{"volumeID": name}
	case 4:
		spec["azureDisk"] = M{"diskName": "d", "diskURI": "uri-" + name, "kind": pick(g, "Managed", "Managed", "Dedicated")}
	case 5:
		spec["portworxVolume"] = M{"volumeID": name}
	case 6:
		spec["nfs"] = M{"server": "s", "path": "/"}
	default:
		spec["vsphereVolume"] = M{"volumePath": name}
	}
	if g.chance(30) {
		labels[pick(g, zoneKey, "failure-domain.beta.kubernetes.io/zone")] = pick(g, "us-a1-a", "us-a1-a__us-a1-b", "us-a1-a__us-b1-b", "a", "a__",
			"us-a1-a__us-a1-a")
	}
}

func claimUID(space, name string) string { return "uid-claim-" + space + "-" + name }

func (g *gen) claim(c *Case, space, name string) {
	class := pick(g, "immediate", "late", "late", "late", "zoned", "capacity", "local", "local", "gce", "vsphere")
	spec := M{"accessModes": A{pick(g, "ReadWriteOnce", "ReadWriteOnce", "ReadWriteOncePod")}, "storageClassName": class, "volumeMode": "Filesystem",
		"resources": M{"requests": M{"storage": pick(g, "1Gi", "4Gi", "8Gi")}}}
	meta := M{"name": name, "namespace": space, "uid": claimUID(space, name)}
	volume := "pv-" + name
	if space != "default" {
		volume = "pv-" + space + "-" + name
	}
	status := M{"phase": "Pending"}
	g.enrichClaim(meta, spec)
	if g.chance(10) {
		c.Objects = append(c.Objects, g.volume("pre-"+space+"-"+name, class, space, name)) // names the claim, which does not name it
	}
	switch g.Intn(24) {
	case 0:
		meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	case 1:
		status["phase"] = "Lost"
		spec["volumeName"] = "pv-lost"
		meta["annotations"] = M{"pv.kubernetes.io/bind-completed": "yes"}
	case 2:
		spec["volumeName"] = "pv-gone"
		meta["annotations"] = M{"pv.kubernetes.io/bind-completed": "yes"}
		status["phase"] = "Bound"
	case 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14:
		spec["volumeName"] = volume
		meta["annotations"] = M{"pv.kubernetes.io/bind-completed": "yes"}
		status["phase"] = "Bound"
		c.Objects = append(c.Objects, g.volume(volume, class, space, name))
	}
	g.claims = append(g.claims, name)
	c.Objects = append(c.Objects, M{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec, "status": status})
}

// enrichClaim adds what is rare.
func (g *gen) enrichClaim(meta, spec M) {
	if g.chance(15) {
		spec["volumeMode"] = "Block"
	}
	if g.chance(5) {
		spec["volumeAttributesClassName"] = "gold"
	}
	if g.chance(15) {
		spec["selector"] = pick(g, M{"matchLabels": M{"tier": "x"}}, M{"matchExpressions": A{M{"key": "tier", "operator": "NotIn", "values": A{"x"}}}}, M{},
			M{"matchExpressions": A{M{"key": "tier", "operator": "Exists"}, M{"key": zoneKey, "operator": "DoesNotExist"}}})
	}
	if g.chance(10) {
		spec["accessModes"] = A{"ReadWriteOnce", "ReadWriteMany"}
	}
	if g.chance(8) {
		meta["annotations"] = M{"volume.kubernetes.io/selected-node": pick(g, "n0", "n1", "n2")}
	}
	if g.chance(5) {
		spec["storageClassName"] = pick(g, "missing", "")
	}
}

// movedDrivers are limits and an annotation for in-tree types that moved to CSI.
func (g *gen) movedDrivers(node string) (M, A) {
	drivers := A{}
	for _, name := range some(g, 2, "pd.csi.storage.gke.io", "ebs.csi.aws.com", "cinder.csi.openstack.org", "disk.csi.azure.com", "pxd.portworx.com",
		"csi.vsphere.vmware.com", "file.csi.azure.com") {
		drivers = append(drivers, M{"name": name, "nodeID": node, "allocatable": M{"count": g.Intn(3)}})
	}
	meta := M{"name": node}
	if g.chance(50) {
		meta["annotations"] = M{"storage.alpha.kubernetes.io/migrated-plugins": pick(g, "kubernetes.io/gce-pd", "kubernetes.io/aws-ebs,kubernetes.io/gce-pd",
			"kubernetes.io/cinder,kubernetes.io/azure-disk,kubernetes.io/portworx-volume,kubernetes.io/gce-pd,kubernetes.io/aws-ebs",
			"kubernetes.io/vsphere-volume,kubernetes.io/azure-file,kubernetes.io/azure-disk", "")}
	}
	return meta, drivers
}

func (g *gen) csiDriver(name string) M {
	spec := M{"attachRequired": true}
	if g.chance(90) {
		spec["storageCapacity"] = name == "csi.cap"
	}
	return M{"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": M{"name": name}, "spec": spec}
}

func (g *gen) csiNode(node string) M {
	drivers := A{}
	for _, name := range some(g, 3, "csi.a", "csi.b", "csi.cap") {
		driver := M{"name": name, "nodeID": node, "topologyKeys": A{zoneKey}}
		if g.chance(70) {
			driver["allocatable"] = M{"count": g.Intn(4)}
		}
		drivers = append(drivers, driver)
	}
	meta, moved := g.movedDrivers(node)
	return M{"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": meta, "spec": M{"drivers": append(drivers, moved...)}}
}

func (g *gen) storageCapacity(number int) M {
	capacity := M{"apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity", "metadata": M{"name": fmt.Sprintf("cap%d", number), "namespace": "kube-system"},
		"storageClassName": "capacity", "capacity": pick(g, "1Gi", "6Gi", "100Gi")}
	if g.chance(60) {
		capacity["nodeTopology"] = pick(g, M{"matchLabels": M{zoneKey: pick(g, "a", "b")}}, M{},
			M{"matchExpressions": A{M{"key": zoneKey, "operator": pick(g, "NotIn", "In"), "values": A{"a", "c"}}, M{"key": "rack", "operator": pick(g, "Exists", "DoesNotExist")}}})
	}
	if g.chance(30) {
		capacity["maximumVolumeSize"] = pick(g, "2Gi", "5Gi")
	}
	if g.chance(10) {
		delete(capacity, "capacity")
	}
	return capacity
}

func (g *gen) attachment(number int) M {
	source := M{"persistentVolumeName": "pv-" + pick(g, g.claims...)}
	if g.chance(10) {
		source = M{"inlineVolumeSpec": M{"accessModes": A{"ReadWriteOnce"}, "capacity": M{"storage": "1Gi"}, "csi": M{"driver": "csi.a", "volumeHandle": "inline"}}}
	}
	return M{"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": M{"name": fmt.Sprintf("va%d", number)},
		"spec": M{"attacher": pick(g, "csi.a", "csi.b"), "nodeName": pick(g, append(g.nodes, "elsewhere")...), "source": source}, "status": M{"attached": g.chance(80)}}
}

// storage makes the kinds that volume filters read. Claims are in namespace default, some of their names also in another one.
func (g *gen) storage(c *Case) {
	for _, class := range g.storageClasses() {
		c.Objects = append(c.Objects, class)
	}
	for _, driver := range []string{"csi.a", "csi.b", "csi.cap"} {
		c.Objects = append(c.Objects, g.csiDriver(driver))
	}
	// one of each kind that has to do with nothing, so that podfit knows the kind
	c.Objects = append(c.Objects,
		M{"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": M{"name": "elsewhere"}, "spec": M{"drivers": A{}}},
		M{"apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity", "metadata": M{"name": "elsewhere", "namespace": "kube-system"},
			"storageClassName": "elsewhere", "capacity": "1Gi", "nodeTopology": M{}},
		M{"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": M{"name": "elsewhere"},
			"spec": M{"attacher": "csi.a", "nodeName": "elsewhere", "source": M{"persistentVolumeName": "pv-elsewhere"}}, "status": M{"attached": true}},
		g.volume("pv-elsewhere", "elsewhere", "", ""))
	for i := 0; i < claimCount; i++ {
		g.claim(c, "default", fmt.Sprintf("claim%d", i))
	}
	if g.chance(30) {
		g.claim(c, "team-a", fmt.Sprintf("claim%d", g.Intn(3)))
	}
	for i := g.Intn(4); i > 0; i-- {
		c.Objects = append(c.Objects, g.freeVolume(i))
	}
	for i := g.Intn(3); i > 0; i-- {
		c.Objects = append(c.Objects, g.storageCapacity(i))
	}
	for _, node := range g.nodes {
		if g.chance(70) {
			c.Objects = append(c.Objects, g.csiNode(node))
		}
	}
	for i := g.Intn(3); i > 0; i-- {
		c.Objects = append(c.Objects, g.attachment(i))
	}
}

func (g *gen) freeVolume(number int) M {
	return g.volume(fmt.Sprintf("pv-free%d", number), pick(g, "local", "late"), "", "")
}

// changeStorage replaces a claim, and its volume with it when it has one; or something else that volume filters read.
func (g *gen) changeStorage(c *Case) {
	switch g.Intn(16) {
	case 0:
		g.applyOrDelete(c, g.csiNode(pick(g, append(g.nodes, "elsewhere")...)))
	case 1:
		g.applyOrDelete(c, g.csiDriver(pick(g, "csi.a", "csi.b", "csi.cap")))
	case 2:
		g.applyOrDelete(c, g.storageCapacity(g.Intn(3)))
	case 3:
		g.applyOrDelete(c, g.attachment(g.Intn(3)))
	case 4:
		g.applyOrDelete(c, g.freeVolume(g.Intn(4)))
	case 5:
		g.applyOrDelete(c, pick(g, g.storageClasses()...))
	case 6:
		if old := c.alive(g, "PersistentVolumeClaim"); old != nil {
			c.Steps = append(c.Steps, Step{Delete: reference(old)})
		}
	default:
		scratch := &Case{}
		g.claim(scratch, "default", fmt.Sprintf("claim%d", g.Intn(claimCount)))
		for _, o := range scratch.Objects {
			c.Steps = append(c.Steps, Step{Apply: o.(M)})
		}
	}
}

func (g *gen) podVolumes() A {
	out := A{}
	for i := 1 + g.Intn(2); i > 0; i-- {
		v := M{"name": fmt.Sprintf("v%d", i)}
		kind := g.Intn(11)
		if !g.volumes {
			kind = 10
		}
		switch kind {
		case 0, 1, 2, 3, 4:
			v["persistentVolumeClaim"] = M{"claimName": fmt.Sprintf("claim%d", g.Intn(claimCount))}
		case 5:
			if !g.chance(30) {
				v["persistentVolumeClaim"] = M{"claimName": fmt.Sprintf("claim%d", g.Intn(3)), "readOnly": g.chance(30)}
			} else if g.chance(50) {
				v["persistentVolumeClaim"] = M{"claimName": "missing"}
			} else {
				v["ephemeral"] = ephemeralSource()
			}
		case 6:
			v["gcePersistentDisk"] = M{"pdName": pick(g, "disk1", "disk2"), "readOnly": g.chance(50)}
			if g.chance(20) {
				v["gcePersistentDisk"].(M)["partition"] = 1
			}
		case 7:
			v["iscsi"] = M{"targetPortal": "10.0.0.1:3260", "iqn": pick(g, "iqn.2026-01.test:one", "iqn.2026-01.test:two"), "lun": 0, "readOnly": g.chance(50)}
		case 8:
			v["rbd"] = M{"monitors": A{pick(g, "m1", "m2"), "m3"}, "image": pick(g, "i1", "i2"), "readOnly": g.chance(30)}
		case 9:
			switch g.Intn(6) {
			case 0:
				v["awsElasticBlockStore"] = M{"volumeID": pick(g, "vol-1", "aws://a/vol-1", "vol-2", "aws://a/x"), "readOnly": g.chance(30)}
			case 4:
				v["vsphereVolume"] = M{"volumePath": pick(g, "[store] one", "[store] two")}
			case 5:
				v["azureFile"] = M{"secretName": "s", "shareName": pick(g, "one", "two")}
			case 1:
				v["azureDisk"] = pick(g, M{"diskName": "d", "diskURI": "uri-1", "kind": "Managed"}, M{"diskName": "d", "diskURI": "uri-2", "kind": "managed"},
					M{"diskName": "d", "diskURI": "uri-3"})
			case 2:
				v["cinder"] = M{"volumeID": pick(g, "c1", "c2")}
			default:
				v["portworxVolume"] = M{"volumeID": pick(g, "p1", "p2")}
			}
		default:
			switch g.Intn(6) {
			case 0:
				v["emptyDir"] = M{"sizeLimit": "1Gi"}
			case 3:
				v["csi"] = M{"driver": pick(g, "csi.a", "csi.b")}
			case 4:
				v["projected"] = M{"sources": A{M{"serviceAccountToken": M{"path": "token"}}}}
			case 5:
				v["nfs"] = M{"server": "s", "path": "/"}
			case 1:
				v["configMap"] = M{"name": "settings"}
			default:
				v["hostPath"] = M{"path": "/tmp"}
			}
		}
		out = append(out, v)
	}
	return out
}

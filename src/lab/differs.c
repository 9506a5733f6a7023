/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test leaves unproven, said in its answer: an admin shall not take it for more than it is. */
#include "labparts.h"
#include "scratch.h"

#include <string.h>

static void tell_server(const struct lab *l, struct strv *to)
{
	const struct recipe_target *t = l->target;
	const struct recipe_net *n = &l->q->recipe->nets[t->net];

	if (t->kind == TARGET_SSH && l->known) {
		strv_add(to, "the server's host key is the scratch server's: it was handed over beside the image, in the "
			 "place of the one that the image pins");
		strv_add(to, "the key that logs in was made for this test, not SSH_KEY");
	}
	if (t->kind == TARGET_NFS)
		strv_add(to, "the export is the scratch server's: writable, root is nobody there");
	if (*n->gateway)
		strv_addf(to, "the router '%s' and '%s' are one machine", n->gateway, t->address);
	if (n->method != NET_STATIC)
		strv_addf(to, "the address on '%s' is one that the scratch server gave, which is the router too", n->link);
	if (wire_has_name(l->q->recipe, t))
		strv_addf(to, "the name server knows '%s' alone, which it answers with %s", t->host, t->address);
}

static void tell_links(const struct lab *l, struct strv *to)
{
	for (size_t i = 0; i < l->wire.n; i++) {
		const struct recipe_link *k = l->wire.links[i];

		if (k->kind == LINK_BOND && strv_has(&k->options, "bonding/mode=4"))
			strv_addf(to, "no switch speaks LACP with '%s'", k->name);
	}
}

static void tell_layers(const struct lab *l, struct strv *to)
{
	bool locked = false;

	for (size_t i = 0; i < l->target->n_layers; i++)
		locked |= l->target->layers[i].kind == LAYER_LUKS;
	if (!l->layers.disks)
		return;
	strv_add(to, "the scratch disks have no partitions");
	if (locked && !l->q->target_url)
		strv_add(to, "the encrypted layer was made for this test, with a key of its own, not LUKS_KEY_FILE's");
	if (scratch_has_driver(l->q->recipe, "raid456"))
		strv_add(to, "the array is RAID 5, whichever of RAID 4, 5 and 6 the host's is");
	if (scratch_has_driver(l->q->recipe, "dm_raid") || scratch_has_driver(l->q->recipe, "dm_mirror"))
		strv_add(to, "the LVM volume is linear, not a mirror or RAID");
}

/* What comes first is tried; the rest is not there. */
static void tell_targets(const struct lab *l, struct strv *to)
{
	for (size_t i = 0; i < l->q->recipe->n_targets; i++)
		if (&l->q->recipe->targets[i] != l->target)
			strv_addf(to, "the target '%s' is not there", l->q->recipe->targets[i].url);
}

void differs_tell(const struct lab *l, struct strv *to)
{
	if (l->q->target_url)
		strv_addf(to, "the image was built for '%s', which no target of DUMP_TARGETS is", l->q->target_url);
	tell_targets(l, to);
	if (l->remote) {
		tell_server(l, to);
		tell_links(l, to);
	} else {
		tell_layers(l, to);
	}
}

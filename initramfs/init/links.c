/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net.h"

#include "file.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS 1000

void links_done(struct links *l)
{
	free(l->v);
	*l = (struct links){ 0 };
}

static void take(void *ctx, const struct rtnl_message *m)
{
	struct links *l = ctx;

	if (m->link.index)
		*vec_push(&l->v, &l->n) = m->link;
}

int links_read(struct rtsock *s, struct links *ret)
{
	auto_links struct links l = { 0 };
	auto_buf struct buf request = { 0 };
	int r;

	rtnl_ask_links(&request, ++s->seq);
	r = rtsock_ask(s, &request, true, take, &l);
	if (r < 0)
		return r;
	links_done(ret);
	*ret = l;
	l = (struct links){ 0 };
	return 0;
}

const struct rtnl_link *links_at(const struct links *l, int index)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].index == index)
			return &l->v[i];
	return NULL;
}

static const struct rtnl_link *named(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

/* --- the state of one call ---------------------------------------------------------------------- */

#define MAX 64		/* as the recipe's codec has it */

struct bringing {
	struct capture *c;
	struct rtsock *s;
	struct links have;
	bool wanted[MAX];
	int index[MAX];		/* of the recipe's link in this kernel; 0: not there */
};

static void own_bringing(struct bringing *b)
{
	links_done(&b->have);
}

static size_t position(const struct recipe *r, const char *name)
{
	size_t i = 0;

	while (i < r->n_links && strcmp(r->links[i].name, name) != 0)
		i++;
	return i;
}

/* What NAME lies on: below a VLAN one link, below a bond or bridge its ports. */
static void want(struct bringing *b, const char *name, unsigned depth)
{
	const struct recipe *r = b->c->recipe;
	size_t at = position(r, name);

	if (at >= r->n_links || at >= MAX || depth > MAX)
		return;
	b->wanted[at] = true;
	if (r->links[at].lower[0])
		want(b, r->links[at].lower, depth + 1);
	for (size_t i = 0; i < r->n_links && i < MAX; i++)
		if (!b->wanted[i] && strcmp(r->links[i].master, name) == 0)
			want(b, r->links[i].name, depth + 1);
}

/* --- hardware ------------------------------------------------------------------------------------ */

static bool driven_by(const char *name, const char *driver)
{
	auto_free char *path = xasprintf("/sys/class/net/%s/device/driver", name);
	char link[256];
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	const char *last;

	if (n <= 0)
		return false;
	link[n] = '\0';
	last = strrchr(link, '/');
	return strcmp(last ? last + 1 : link, driver) == 0;
}

/* A port of a bond bears the bond's address; where the driver tells no permanent one, the bond knows it. */
static size_t own_address(const struct rtnl_link *l, unsigned char mac[static HWADDR_MAX])
{
	auto_free char *path = xasprintf("/sys/class/net/%s/bonding_slave/perm_hwaddr", l->name);
	auto_close int fd = l->master && !l->permanent_len ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[HWADDR_TEXT_MAX] = "";
	size_t len;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0) {
		text[strcspn(text, "\n")] = '\0';
		len = hwaddr_parse(text, mac);
		if (len)
			return len;
	}
	len = l->permanent_len ? l->permanent_len : l->address_len;
	memcpy(mac, l->permanent_len ? l->permanent : l->address, len);
	return len;
}

/* The link with that address; of several (a virtual function beside its paravirtual twin) the one of the
 * same driver. */
static int find_hardware(const struct links *have, const struct recipe_link *l)
{
	unsigned char want_mac[HWADDR_MAX], mac[HWADDR_MAX];
	size_t len = hwaddr_parse(l->permanent, want_mac);
	int first = 0;

	for (size_t i = 0; i < have->n; i++) {
		const struct rtnl_link *h = &have->v[i];

		if (h->kind[0] || !len || own_address(h, mac) != len || memcmp(mac, want_mac, len) != 0)
			continue;
		if (!l->driver[0] || driven_by(h->name, l->driver))
			return h->index;
		first = first ? first : h->index;
	}
	return first;
}

/* 0: all of it is there; else how many are missing, the first of them in *ret_missing. */
static unsigned look_for_hardware(struct bringing *b, unsigned *ret_found,
				  const struct recipe_link **ret_missing)
{
	const struct recipe *r = b->c->recipe;
	unsigned missing = 0;

	*ret_found = 0;
	for (size_t i = 0; i < r->n_links && i < MAX; i++) {
		if (!b->wanted[i] || r->links[i].kind != LINK_HARDWARE)
			continue;
		b->index[i] = find_hardware(&b->have, &r->links[i]);
		if (b->index[i])
			++*ret_found;
		else if (!missing++)
			*ret_missing = &r->links[i];
	}
	return missing;
}

/* Wait for hardware; when half of the time is over, some ports of a bond or bridge will do. */
static int wait_for_hardware(struct bringing *b, long long end, struct err *e)
{
	long long half = now_ms() + (end - now_ms()) / 2;
	const struct recipe_link *missing = NULL;

	for (;;) {
		unsigned found, lacking;
		int r = links_read(b->s, &b->have);
		long long now = now_ms();

		if (r < 0)
			return err_set(e, -r, "cannot ask for network interfaces: %s", strerror(-r));
		lacking = look_for_hardware(b, &found, &missing);
		if (!lacking || (found && now >= half))
			return 0;
		if (now >= end)
			return err_set(e, ENODEV,
				       "the network interface '%s' (%s, driver '%s') did not come; the image "
				       "may lack its driver", missing->name, missing->permanent, missing->driver);
		page_beat(b->c->page);
		rtsock_wait(b->s, POLL_MS);
	}
}

/* --- making links -------------------------------------------------------------------------------- */

static int change(struct bringing *b, const struct rtnl_change *c)
{
	auto_buf struct buf request = { 0 };

	rtnl_change_link(&request, ++b->s->seq, c);
	return rtsock_do(b->s, &request);
}

static const char *const kinds[] = {
	[LINK_HARDWARE] = "", [LINK_VLAN] = "vlan", [LINK_BOND] = "bond", [LINK_BRIDGE] = "bridge",
};

/*
 * Make it under its own name; where hardware has that name here, under another.  One of that name and kind
 * is an earlier worker's, or the one that the bonding driver makes by itself.
 */
static int make(struct bringing *b, size_t at, struct err *e)
{
	const struct recipe_link *l = &b->c->recipe->links[at];
	const char *kind = kinds[l->kind];
	char other[RTNL_NAME_MAX];
	int r = 0;

	snprintf(other, sizeof(other), "net%zu", at);
	for (int i = 0; i < 2; i++) {
		const char *name = i ? other : l->name;
		const struct rtnl_link *there = named(&b->have, name);
		struct rtnl_change c = {
			.name = name, .kind = kind, .vlan = l->vlan, .vlan_protocol = l->vlan_protocol,
			.lower = l->kind == LINK_VLAN ? b->index[position(b->c->recipe, l->lower)] : 0,
		};

		if (there && strcmp(there->kind, kind) != 0)
			continue;
		r = there ? 0 : change(b, &c);
		if (r == 0)
			r = links_read(b->s, &b->have);
		there = r == 0 ? named(&b->have, name) : NULL;
		if (there) {
			b->index[at] = there->index;
			return 0;
		}
	}
	return err_set(e, r < 0 ? -r : EEXIST, "cannot make the %s '%s': %s", kind, l->name,
		       strerror(r < 0 ? -r : EEXIST));
}

/* The kernel refuses what is set already or does not fit the mode; what counts is that the link comes
 * up. */
static void set_options(const struct recipe_link *l, const char *name)
{
	for (size_t i = 0; i < l->options.n; i++) {
		const char *value = strchr(l->options.v[i], '=');
		auto_free char *path = NULL;
		auto_close int fd = -1;

		if (!value || strstr(l->options.v[i], ".."))
			continue;
		path = xasprintf("/sys/class/net/%s/%.*s", name, (int)(value - l->options.v[i]),
				 l->options.v[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			fd_write_all(fd, value + 1, strlen(value + 1));
	}
}

static int set_up(struct bringing *b, size_t at, struct err *e)
{
	const struct recipe *recipe = b->c->recipe;
	const struct recipe_link *l = &recipe->links[at];
	const struct rtnl_link *now = links_at(&b->have, b->index[at]);
	struct rtnl_change c = { .index = b->index[at], .mtu = l->mtu };
	unsigned char mac[HWADDR_MAX];
	int master = l->master[0] ? b->index[position(recipe, l->master)] : 0, r = 0;

	c.address_len = hwaddr_parse(l->address, mac);
	if (c.address_len && (!now || now->address_len != c.address_len ||
			      memcmp(now->address, mac, c.address_len) != 0))
		c.address = mac;
	if (now)
		set_options(l, now->name);
	/* Each by itself: a driver that refuses one of them may take the others. */
	if (c.address)
		change(b, &(struct rtnl_change){
			.index = c.index, .address = mac, .address_len = c.address_len });
	if (c.mtu && now && now->mtu != c.mtu)
		change(b, &(struct rtnl_change){ .index = c.index, .mtu = c.mtu });
	if (master && now && now->master != master) {
		/* A bond takes only what is down. */
		change(b, &(struct rtnl_change){ .index = c.index, .down = true });
		r = change(b, &(struct rtnl_change){ .index = c.index, .master = master });
		if (r < 0)
			return err_set(e, -r, "'%s' cannot become a port of '%s': %s", l->name, l->master,
				       strerror(-r));
	}
	r = change(b, &(struct rtnl_change){ .index = c.index, .up = true });
	return r < 0 ? err_set(e, -r, "cannot bring '%s' up: %s", l->name, strerror(-r)) : 0;
}

/* In the recipe's order: a port of many may fail, all else may not. */
static int make_all(struct bringing *b, struct err *e)
{
	const struct recipe *recipe = b->c->recipe;

	for (size_t i = 0; i < recipe->n_links && i < MAX; i++) {
		const struct recipe_link *l = &recipe->links[i];
		struct err why = { 0 };
		int r = 0;

		if (!b->wanted[i])
			continue;
		if (l->kind != LINK_HARDWARE)
			r = make(b, i, &why);
		if (r == 0 && b->index[i])
			r = set_up(b, i, &why);
		if (r < 0 && !l->master[0])
			return err_set(e, why.code, "%s", why.text);
		page_beat(b->c->page);
	}
	return 0;
}

int links_up(struct capture *c, struct rtsock *s, const char *name, long long end, int *ret_index,
	     struct err *e)
{
	AUTO(own_bringing) struct bringing b = { .c = c, .s = s };
	size_t at = position(c->recipe, name);
	int r;

	if (at >= c->recipe->n_links || at >= MAX)
		return err_set(e, EINVAL, "the recipe has no link '%s'", name);
	want(&b, name, 0);
	r = wait_for_hardware(&b, end, e);
	if (r == 0)
		r = make_all(&b, e);
	if (r < 0)
		return r;
	*ret_index = b.index[at];
	return 0;
}

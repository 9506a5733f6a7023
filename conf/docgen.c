/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes what is shipped beside the programs from the tables that they run by:
 *	docgen crashcfg.8 | crashcfg.5 | crashcfg.bash | crashcfg.sysconfig
 * Runs at build time; is not installed.
 */
#include "cli.h"
#include "schema.h"

#include <stdio.h>
#include <string.h>

/* Text as roff wants it: "-" and "\" escaped, no line begins with a control character. */
static void roff(const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '-' || *text == '\\')
			putchar('\\');
		if (*text == '\\')
			fputs("e", stdout);
		else
			putchar(*text);
		start = *text == '\n';
	}
}

static void man_options(const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		fputs(".TP\n\\fB\\-\\-", stdout);
		roff(rows->name);
		fputs("\\fR", stdout);
		if (rows->arg)
			printf(" \\fI%s\\fR", rows->arg);
		putchar('\n');
		roff(rows->help);
		putchar('\n');
	}
}

static void man_text(const char *text)
{
	auto_free char *copy = xstrdup(text);

	/* A blank line ends a paragraph. */
	for (char *p = copy, *end; p && *p; p = end) {
		end = strstr(p, "\n\n");
		if (end) {
			*end = '\0';
			end += 2;
		}
		roff(p);
		fputs(end && *end ? "\n.PP\n" : "\n", stdout);
	}
}

static void man_header(const char *section, const char *what)
{
	printf(".TH CRASHCFG %s \"\" \"crashcfg %s\"\n.SH NAME\ncrashcfg \\- ", section, CRASHCFG_VERSION);
	roff(what);
	putchar('\n');
}

static const char failures[] =
	"The kernel's log is saved first: to the first target, or, where that is by network or has to be brought up, "
	"to the first disk among the others before it. Where no target takes the log, its end goes into EFI variables, "
	"which 'crashcfg save' collects.\n\n"
	"A server that is down, hangs, is full or refuses: the next target. An SSH connection that was cut is made anew. "
	"makedumpfile that fails, hangs or writes what is no dump is run with another filter, then memory is copied as "
	"it is; 'collector' in crash.json says so. A dump as set that would not fit: a smaller one from the start.\n\n"
	"A third crash within the hour saves the log alone (DUMP_LOOP). Ctrl-X on the console ends the dump. "
	"No capture goes on for ever: see DUMP_TIMEOUT.";

static void man_commands(void)
{
	man_header("8", "arm a host for kernel crashes and prove that a dump arrives");
	fputs(".SH SYNOPSIS\n.B crashcfg\n.I COMMAND\n.RI [ OPTION ...]\n.SH DESCRIPTION\n", stdout);
	man_text("crashcfg turns one settings file, crashcfg(5), into a host that is armed for kernel crashes: memory is "
		 "reserved by the boot loader's entries, a small capture image is built and loaded, and after a crash "
		 "that image saves the kernel log and the dump and reboots.\n\n"
		 "This host is changed by apply, remove, build, load, unload and save, and where they are told to by import "
		 "and by estimate --shrink. check --live keeps its answer, and writes to each target what it takes off again. "
		 "test and estimate --measure work in a scratch folder.");
	fputs(".SH COMMANDS\n", stdout);
	for (const struct command *const *c = commands; *c; c++) {
		printf(".SS \"%s%s%s\"\n", (*c)->name, *(*c)->args ? " " : "", (*c)->args);
		roff((*c)->summary);
		puts(".");
		if ((*c)->text) {
			puts(".PP");
			man_text((*c)->text);
		}
		man_options((*c)->options);
	}
	fputs(".SH OPTIONS\nOf every command:\n", stdout);
	man_options(global_options);
	fputs(".SH WHEN THINGS FAIL\n", stdout);
	man_text(failures);
	fputs(".SH EXIT STATUS\n", stdout);
	for (const struct exit_row *x = exit_rows; x->meaning; x++) {
		printf(".TP\n.B %d\n", x->code);
		roff(x->meaning);
		putchar('\n');
	}
	fputs(".SH FILES\n"
	      ".TP\n/etc/sysconfig/crashcfg, /etc/sysconfig/crashcfg.d/*.conf\nthe settings, see crashcfg(5)\n"
	      ".TP\n/var/lib/crashcfg/KERNEL/capture.img\nthe capture image of a kernel\n"
	      ".TP\n/var/lib/crashcfg/live.json\nhow the last check \\-\\-live ended\n"
	      ".TP\n/var/crash/HOST/TIME\\-BOOT/\na dump: dmesg.txt, vmcoreinfo.txt, registers.txt, vmcore, crash.json\n"
	      ".SH SEE ALSO\ncrashcfg(5), makedumpfile(8), kexec(8), crash(8)\n", stdout);
}

static void man_settings(void)
{
	auto_buf struct buf body = { 0 };

	man_header("5", "settings of crashcfg(8)");
	fputs(".SH SYNOPSIS\n/etc/sysconfig/crashcfg\n.br\n/etc/sysconfig/crashcfg.d/*.conf\n.SH DESCRIPTION\n", stdout);
	man_text("Lines of the form KEY=\"value\", KEY='value' or KEY=word. They are never executed: there are no "
		 "variables, no commands and no line continuation. What is allowed means what it means to a shell: "
		 "$ and ` are text between single quotes only, a backslash may stand between double quotes only, before "
		 "a double quote or another backslash. A comment starts with # at the start of a line or behind a "
		 "blank; # within quotes is text. An empty value means the default.\n\n"
		 "Of the drop-ins only those named *.conf are read, in the order of their names; a later value wins. "
		 "'crashcfg check' reports every fault, 'crashcfg show --origin' tells where each value came from.");
	fputs(".SH SETTINGS\n", stdout);
	schema_man(&body);
	fwrite(body.data, 1, body.len, stdout);
	fputs(".SH SEE ALSO\ncrashcfg(8)\n", stdout);
}

static void completion_options(const struct option_row *rows)
{
	for (; rows && rows->name; rows++)
		printf(" --%s", rows->name);
}

static void completion_values(const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		if (!rows->choices)
			continue;
		if (strcmp(rows->choices, "/") == 0)
			printf("\t--%s) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n", rows->name);
		else
			printf("\t--%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); return ;;\n", rows->name,
			       rows->choices);
	}
}

static void completion(void)
{
	fputs("# bash completion for crashcfg(8)\n_crashcfg()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words= i\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n\t\t--root) ((i++)) ;;\n\t\t-*) ;;\n"
	      "\t\t*) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
	      "\tcase $prev in\n", stdout);
	completion_values(global_options);
	for (const struct command *const *c = commands; *c; c++)
		completion_values((*c)->options);
	fputs("\tesac\n\tcase $command in\n\t'') words='", stdout);
	for (const struct command *const *c = commands; *c; c++)
		printf("%s%s", c == commands ? "" : " ", (*c)->name);
	completion_options(global_options);
	fputs("' ;;\n", stdout);
	for (const struct command *const *c = commands; *c; c++) {
		printf("\t%s) words='", (*c)->name);
		completion_options((*c)->options);
		completion_options(global_options);
		fputs("' ;;\n", stdout);
	}
	fputs("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F _crashcfg crashcfg\n",
	      stdout);
}

static void sysconfig(void)
{
	auto_buf struct buf text = { 0 };

	schema_file_text(&text);
	fwrite(text.data, 1, text.len, stdout);
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		void (*make)(void);
	} made[] = {
		{ "crashcfg.8", man_commands },
		{ "crashcfg.5", man_settings },
		{ "crashcfg.bash", completion },
		{ "crashcfg.sysconfig", sysconfig },
	};

	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(made); i++) {
		if (strcmp(argv[1], made[i].name) == 0) {
			made[i].make();
			return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
		}
	}
	fprintf(stderr, "docgen: wants the name of what to make, such as crashcfg.8\n");
	return 2;
}

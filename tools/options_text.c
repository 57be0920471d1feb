// SPDX-License-Identifier: GPL-2.0-only
/*
 * options_text <TEMPLATE >TEXT		fills in what the table of options knows
 *
 * A line of the template that begins with '@' is replaced; all others are copied:
 *
 *	@version@		in any line, the version
 *	@man COMMAND		the options of a command as a list of man(7); run's among them are
 *				only named if it is another command
 *	@man-commands		the commands
 *	@man-settings		the settings with their types
 *	@man-metrics		the metrics with their types, as src/metrics.c writes them
 *	@settings		example settings, all of them comments
 *	@bash-..., @zsh, @fish	completions
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/metrics.h"
#include "src/options.h"

#define RUN (1U << CCX_COMMAND_RUN)

/* ---- man(7) ---- */

/* Text in which nothing is a command of roff; hyphens of options are no hyphens of words. */
static void roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '\'')
			fputs("\\(aq", stdout);
		else
			putchar(*text);
	}
}

static void roff_name(const struct ccx_option *option)
{
	printf(".TP\n\\fB\\-\\-");
	roff(option->name);
	printf("\\fR");
	if (!option->value)
		;
	else if (strchr(option->value, '|'))
		printf("=\\fB%s\\fR", option->value);
	else
		printf("=\\fI%s\\fR", option->value);
	putchar('\n');
}

/* "From A to B; C by default." */
static void roff_range(const struct ccx_option *option)
{
	size_t length;
	const char *word;

	if (option->type == CCX_OPTION_NUMBER) {
		printf("From %u to %u", option->minimum, option->maximum);
		if (option->initial >= option->minimum)
			printf("; %u by default", option->initial);
		puts(".");
	} else if (option->type == CCX_OPTION_WORD) {
		word = ccx_option_word(option, option->initial, &length);
		printf("\\fB%.*s\\fR by default.\n", (int)length, word);
	} else if (option->type == CCX_OPTION_TEXT && option->initial_text) {
		printf("\\fB%s\\fR by default.\n", option->initial_text);
	}
}

static void man_options(const char *command)
{
	const struct ccx_option *option;
	uint32_t i, shared = 0;

	for (i = 0; i < CCX_NR_COMMANDS && strcmp(ccx_commands[i].name, command); i++)
		;
	if (i == CCX_NR_COMMANDS) {
		fprintf(stderr, "options_text: no command '%s'\n", command);
		exit(1);
	}
	for (option = ccx_option_table; option->name; option++) {
		if (!(option->commands & 1U << i))
			continue;
		if (i != CCX_COMMAND_RUN && option->commands & RUN) {
			shared++;
			continue;
		}
		roff_name(option);
		roff(option->help);
		puts(".");
		roff_range(option);
	}
	if (!shared)
		return;
	printf(".PP\nOf the options of \\fBrun\\fR it takes");
	for (option = ccx_option_table; option->name; option++) {
		if (!(option->commands & 1U << i) || !(option->commands & RUN))
			continue;
		printf(" \\fB\\-\\-");
		roff(option->name);
		printf("\\fR%s", --shared > 1 ? "," : shared ? " and" : ".\n");
	}
}

static void man_commands(void)
{
	uint32_t i;

	for (i = 0; i < CCX_NR_COMMANDS; i++) {
		printf(".TP\n\\fB");
		roff(ccx_commands[i].name);
		printf("\\fR");
		if (*ccx_commands[i].arguments)
			printf(" \\fI%s\\fR", ccx_commands[i].arguments);
		putchar('\n');
		roff(ccx_commands[i].help);
		puts(".");
	}
}

/* An example of each type; settings are the options of run, which is where they are explained. */
static void settings_value(const struct ccx_option *option)
{
	size_t length;
	const char *word;

	switch (option->type) {
	case CCX_OPTION_NUMBER:
		printf("%u", option->initial >= option->minimum ? option->initial : 60);
		break;
	case CCX_OPTION_WORD:
		word = ccx_option_word(option, option->initial, &length);
		printf("\"%.*s\"", (int)length, word);
		break;
	case CCX_OPTION_TEXT:
		printf("\"%s\"", option->initial_text ? option->initial_text : option->example);
		break;
	default:
		printf("true");
	}
}

static void man_settings(void)
{
	const struct ccx_option *option;

	for (option = ccx_option_table; option->name; option++) {
		if (!option->setting)
			continue;
		printf(".TP\n\\fB");
		roff(option->name);
		printf("\\fR = ");
		if (option->type == CCX_OPTION_NUMBER)
			printf("\\fInumber\\fR");
		else if (option->type == CCX_OPTION_WORD)
			printf("\\fB\"%s\"\\fR", option->value);
		else if (option->type == CCX_OPTION_TEXT)
			printf("\\fI\"text\"\\fR");
		else
			printf("\\fBtrue|false\\fR");
		puts(";");
		roff(option->help);
		puts(".");
		roff_range(option);
	}
}

static void example_settings(void)
{
	const struct ccx_option *option;
	char help[CCX_OPTION_HELP_BYTES];

	for (option = ccx_option_table; option->name; option++) {
		if (!option->setting)
			continue;
		ccx_option_help(option, help, sizeof(help));
		printf("\n# %s\n#%s = ", help, option->name);
		settings_value(option);
		puts(";");
	}
}

/* ---- completions ---- */

/* Is the value of an option the name of a file? */
static bool takes_file(const struct ccx_option *option)
{
	return option->value &&
	       (!strcmp(option->value, "FILE") || !strcmp(option->value, "SOURCE"));
}

static void words(const struct ccx_option *option, const char *between)
{
	const char *at;

	for (at = option->value; *at; at++)
		if (*at == '|')
			fputs(between, stdout);
		else
			putchar(*at);
}

static void bash_commands(void)
{
	uint32_t i;

	for (i = 0; i < CCX_NR_COMMANDS; i++)
		printf("%s%s", i ? " " : "\tlocal commands='", ccx_commands[i].name);
	puts("'");
}

/* Values first: of files, of words, of what nobody knows. Then the options of each command. */
static void bash_options(void)
{
	const struct ccx_option *option;
	const char *between = "";
	uint32_t i;

	printf("\tcase $previous in\n\t");
	for (option = ccx_option_table; option->name; option++)
		if (takes_file(option)) {
			printf("%s--%s", between, option->name);
			between = " | ";
		}
	puts(") __scx_ccx_files; return ;;");
	for (option = ccx_option_table; option->name; option++)
		if (option->value && strchr(option->value, '|')) {
			printf("\t--%s) words='", option->name);
			words(option, " ");
			puts("' ;;");
		}
	between = "\t";
	for (option = ccx_option_table; option->name; option++)
		if (option->value && !strchr(option->value, '|') && !takes_file(option)) {
			printf("%s--%s", between, option->name);
			between = " | ";
		}
	puts(") return ;;\n\tesac\n\tlocal options='--help --usage --version'\n\tcase $command in");
	for (i = 0; i < CCX_NR_COMMANDS; i++) {
		printf("\t%s) options+='", ccx_commands[i].name);
		for (option = ccx_option_table; option->name; option++)
			if (option->commands & 1U << i)
				printf(" --%s%s", option->name, option->value ? "=" : "");
		printf("'; files=%d ;;\n", *ccx_commands[i].arguments != '\0');
	}
	printf("\t*) options+='");
	for (option = ccx_option_table; option->name; option++)
		printf(" --%s%s", option->name, option->value ? "=" : "");
	puts("' ;;\n\tesac");
}

/* Text in single quotes of zsh's _arguments: what it takes for punctuation is escaped. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh(void)
{
	const struct ccx_option *option;
	char help[CCX_OPTION_HELP_BYTES];
	uint32_t i;

	puts("local -a commands options\ncommands=(");
	for (i = 0; i < CCX_NR_COMMANDS; i++) {
		printf("\t'%s:", ccx_commands[i].name);
		zsh_text(ccx_commands[i].help);
		puts("'");
	}
	puts(")\noptions=(\n\t'(- *)'{-\\?,--help}'[Options]'\n\t'(- *)--usage[Options, short]'\n"
	     "\t'(- *)'{-V,--version}'[Version]'");
	for (option = ccx_option_table; option->name; option++) {
		ccx_option_help(option, help, sizeof(help));
		printf("\t'--%s%s[", option->name, option->value ? "=" : "");
		zsh_text(help);
		putchar(']');
		if (option->value && strchr(option->value, '|')) {
			printf(":%s:(", option->name);
			words(option, " ");
			putchar(')');
		} else if (option->value) {
			printf(":%s:%s", option->value, takes_file(option) ? "_files" : " ");
		}
		puts("'");
	}
	puts(")");
}

static void fish_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("'\\", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void fish(void)
{
	const struct ccx_option *option;
	char help[CCX_OPTION_HELP_BYTES];
	uint32_t i;

	printf("set -l commands");
	for (i = 0; i < CCX_NR_COMMANDS; i++)
		printf(" %s", ccx_commands[i].name);
	puts("\ncomplete -c scx_ccx -f");
	for (i = 0; i < CCX_NR_COMMANDS; i++) {
		printf("complete -c scx_ccx -n \"not __fish_seen_subcommand_from $commands\" -a %s "
		       "-d '",
		       ccx_commands[i].name);
		fish_text(ccx_commands[i].help);
		puts("'");
		if (*ccx_commands[i].arguments)
			printf("complete -c scx_ccx -n '__fish_seen_subcommand_from %s' -F\n",
			       ccx_commands[i].name);
	}
	puts("complete -c scx_ccx -s '?' -l help -d 'Options'\ncomplete -c scx_ccx -l usage -d "
	     "'Options, short'\n"
	     "complete -c scx_ccx -s V -l version -d 'Version'");
	for (option = ccx_option_table; option->name; option++) {
		ccx_option_help(option, help, sizeof(help));
		printf("complete -c scx_ccx -l %s", option->name);
		if (option->value && strchr(option->value, '|')) {
			printf(" -x -a '");
			words(option, " ");
			putchar('\'');
		} else if (option->value) {
			printf(takes_file(option) ? " -r -F" : " -x");
		}
		printf(" -d '");
		fish_text(help);
		puts("'");
	}
}

/* ---- metrics ---- */

static void man_metrics(void)
{
	/* of one domain, with all that is written only where it is in use */
	static const struct ccx_ruling ruling = { .version = 1 };
	static const struct ccx_stats stats = {
		.nr_domains = 1, .consolidates = true, .rules.ruling = &ruling,
	};
	char *text = ccx_metrics_text(&stats, CCX_METRICS_PLAIN), *rest = text, *line;
	char name[128], type[32];
	int at;

	if (!text) {
		fprintf(stderr, "options_text: no metrics\n");
		exit(1);
	}
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "# TYPE %127s %31s", name, type) == 2)
			continue;
		at = 0;
		if (sscanf(line, "# HELP %127s %n", name, &at) != 1 || !at)
			continue;
		printf(".TP\n\\fB");
		roff(name);
		printf("\\fR (%s)\n", type);
		roff(line + at);
		putchar('\n');
	}
	free(text);
}

/* ---- the template ---- */

static void replace(const char *what)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} parts[] = {
		{ "@man-commands", man_commands }, { "@man-settings", man_settings },
		{ "@man-metrics", man_metrics },
		{ "@settings", example_settings }, { "@bash-commands", bash_commands },
		{ "@bash-options", bash_options }, { "@zsh", zsh }, { "@fish", fish },
	};
	size_t i;

	if (!strncmp(what, "@man ", 5)) {
		man_options(what + 5);
		return;
	}
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strcmp(what, parts[i].name)) {
			parts[i].print();
			return;
		}
	}
	fprintf(stderr, "options_text: unknown line '%s'\n", what);
	exit(1);
}

int main(void)
{
	static const char version[] = "@version@";
	char *line = NULL, *at;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '@') {
			replace(line);
			continue;
		}
		at = strstr(line, version);
		if (at)
			printf("%.*s%s%s\n", (int)(at - line), line, CCX_VERSION,
			       at + strlen(version));
		else
			puts(line);
	}
	free(line);
	return fflush(stdout) ? 1 : 0;
}

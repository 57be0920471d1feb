# shellcheck shell=bash
# A private apt view: Debian suites the machine is not configured for, read through its own mirror.
#
#   apt_view DIR SUITE...   sets the array `apt_view_opts`, to be given to apt-get and apt-cache
#
# The entries are the machine's own Debian entry with another suite put in, so mirror, proxy and keys are those its
# owner chose. Lists and cache live in DIR: the system's sources, lists and preferences stay exactly as they are.
# Sourced by tools/deps and tools/kernel.

apt_view_codename() { # the suite this machine was installed from
	local VERSION_CODENAME=
	# shellcheck disable=SC1091
	. /etc/os-release
	echo "$VERSION_CODENAME"
}

# The machine's own entry for suite $1, component main, printed for suite $2. Both of apt's formats are read: one line
# per entry (.list), and paragraphs (.sources). Exit status 1 if there is none.
apt_view_entry() {
	local file found=1 out
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		[ -r "$file" ] || continue
		case $file in
		*.list) out=$(awk -v own="$1" -v want="$2" '
			$1 == "deb" {
				opts = ""; line = $0
				if (match(line, /\[[^]]*\]/)) {
					opts = substr(line, RSTART, RLENGTH) " "
					line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
				}
				n = split(line, f, /[ \t]+/)
				for (i = 4; i <= n && f[3] == own; i++)
					if (f[i] == "main") { print "deb " opts f[2] " " want " main"; exit }
			}' "$file") ;;
		*.sources) out=$(awk -v own="$1" -v want="$2" '
			BEGIN { RS = "" }
			/(^|\n)Enabled: *no/ || !/(^|\n)Types:[^\n]*deb( |\n)/ { next }
			("\n" $0 "\n") ~ ("\nSuites:([^\n]* )?" own "[ \n]") && ("\n" $0 "\n") ~ /\nComponents:[^\n]* main[ \n]/ {
				gsub(/Types:[^\n]*/, "Types: deb"); gsub(/Suites:[^\n]*/, "Suites: " want)
				gsub(/Components:[^\n]*/, "Components: main"); print; exit
			}' "$file") ;;
		*) continue ;;
		esac
		if [ -n "$out" ]; then
			printf '%s\n\n' "$out"
			found=0
			break
		fi
	done
	return "$found"
}

apt_view() {
	local dir=$1 suite own file ext
	shift
	own=$(apt_view_codename)
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	# the format of the entry decides the name that apt will accept
	for suite; do
		if ! file=$(apt_view_entry "$suite" "$suite" || apt_view_entry "$own" "$suite"); then
			echo "${0##*/}: no entry for Debian's suite '$own', component main, in /etc/apt/sources.list or sources.list.d;" \
				"cannot tell which mirror to ask for '$suite'" >&2
			return 1
		fi
		ext=list
		case $file in *Types:*) ext=sources ;; esac
		mkdir -p "$dir/sources.d"
		printf '%s\n' "$file" >"$dir/sources.d/$suite.$ext"
	done
	# _apt, who usually downloads, may not enter this directory: stay who we are
	apt_view_opts=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$dir/sources.d" -o "Dir::State::Lists=$dir/lists"
		-o "Dir::Cache=$dir/cache" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)")
}

# Brings the view's lists up to date; with --if-older MINUTES only when they are older than that, or absent.
apt_view_update() { # DIR [--if-older MINUTES]
	if [ "${2:-}" = --if-older ] && [ -n "$(find "$1/updated" -mmin "-$3" 2>/dev/null)" ]; then return 0; fi
	apt-get "${apt_view_opts[@]}" update -qq >&2 && touch "$1/updated"
}

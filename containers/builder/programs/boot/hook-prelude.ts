import { createHash } from 'node:crypto';

/**
 * Shell functions that stand before initramfs-tools' own hook-functions while an initial RAM file system is made. Its
 * copy_file calls readlink, realpath and mkdir about five times for each of 2,000 modules, and half of mkinitramfs' time
 * is the start of these programs (Debian 12: 30 s of processor time, 14.5 s with these, the same bytes). Each function
 * answers the plain cases that need no program (absolute paths without a symlink on the way, folders that are there)
 * and leaves all others to the program.
 */
const hookPrelude = `lbuild_bin="$(command readlink -f /bin)"

# True where no part of an absolute path is a symlink, or is written in a roundabout way.
lbuild_plain() {
	case "$1" in
	*//* | */./* | */../* | */. | */.. | */) return 1 ;;
	/*) ;;
	*) return 1 ;;
	esac
	lbuild_rest="\${1#/}"
	lbuild_at=
	while [ -n "\${lbuild_rest}" ]; do
		lbuild_at="\${lbuild_at}/\${lbuild_rest%%/*}"
		[ -L "\${lbuild_at}" ] && return 1
		case "\${lbuild_rest}" in
		*/*) lbuild_rest="\${lbuild_rest#*/}" ;;
		*) lbuild_rest= ;;
		esac
	done
	[ -e "$1" ]
}

readlink() {
	if [ $# -eq 2 ] && [ "$1" = -f ]; then
		if [ "$2" = /bin ]; then
			printf '%s\\n' "\${lbuild_bin}"
			return 0
		fi
		if lbuild_plain "$2"; then
			printf '%s\\n' "$2"
			return 0
		fi
	fi
	command readlink "$@"
}

realpath() {
	if [ $# -eq 2 ]; then
		case "$1 $2" in
		-ms\\ //*) lbuild_path="\${2#/}" ;;
		*) lbuild_path="$2" ;;
		esac
		case "$1 \${lbuild_path}" in
		*//* | */./* | */../* | */. | */.. | */) ;;
		-ms\\ /*)
			printf '%s\\n' "\${lbuild_path}"
			return 0
			;;
		-s\\ /*)
			if [ -e "\${lbuild_path}" ]; then
				printf '%s\\n' "\${lbuild_path}"
				return 0
			fi
			;;
		esac
	fi
	command realpath "$@"
}

mkdir() {
	if [ $# -eq 2 ] && [ "$1" = -p ] && [ -d "$2" ]; then
		return 0
	fi
	command mkdir "$@"
}

`;

/** A path that stands between single quotes as it is. */
const plainPath = /^\/[A-Za-z0-9._/+@-]+$/;

/**
 * A function in place of modinfo that answers at once for modules that name no firmware, which are nine of ten: the
 * hooks ask it for each module. It leaves all others to the program.
 *
 * @param withFirmware paths of the modules that may name firmware, as modprobe writes them
 * @returns nothing where a path cannot be written plainly
 */
function modinfoPrelude(withFirmware: readonly string[]): string {
  if (!withFirmware.every((path) => plainPath.test(path))) return '';
  return `lbuild_firmware='
${withFirmware.join('\n')}
'

modinfo() {
	if [ $# -eq 5 ] && [ "$1 $3 $4" = "-k -F firmware" ]; then
		case "$5" in
		/lib/modules/*.ko)
			case "\${lbuild_firmware}" in
			*"
$5
"*) ;;
			*) return 0 ;;
			esac
			;;
		esac
	fi
	command modinfo "$@"
}

`;
}

/** Of the text of copy_file as it stands in initramfs-tools 0.142 (Debian 12) and 0.148 (Debian 13). */
const knownCopyFile = '51544bd45a9588e55bc4e0360c984bffb32384200502abecb9dfd99d068d0aa1';
const copyFileText = /^copy_file\(\) \{\n[\s\S]*?^\}\n/m;

/**
 * Stands before copy_file, which the hooks call for each of some 4,000 modules, most of them more than once. It does what
 * that does for a module without a symlink on the way, and starts no process where the module is there already: each
 * `$(…)` in copy_file is a process (Debian 12: 18,600 of them, and half of mkinitramfs' time).
 */
const copyModule = `copy_file() {
	if [ $# -eq 2 ] && [ "$1" = module ] && [ "\${verbose}" != y ]; then
		case "$2" in
		*//* | */./* | */../* | */) ;;
		/lib/modules/*) lbuild_copy_module "/usr$2" "$2" && return "\${lbuild_copied}" ;;
		/usr/lib/modules/*) lbuild_copy_module "$2" "$2" && return "\${lbuild_copied}" ;;
		esac
	fi
	lbuild_copy_file "$@"
}

# lbuild_copy_module TARGET SOURCE: false where copy_file must see to it, else its answer is in lbuild_copied.
lbuild_copy_module() {
	[ "\${lbuild_bin}" = /usr/bin ] && [ -f "$2" ] && [ ! -d "\${DESTDIR}/$2" ] || return 1
	lbuild_copied=1
	[ -e "\${DESTDIR}/$1" ] && return 0
	lbuild_plain "$1" || return 1
	mkdir -p "\${DESTDIR}/\${1%/*}"
	cp -pP "$1" "\${DESTDIR}/$1"
	lbuild_copied=$?
	[ "\${lbuild_copied}" -eq 0 ] || lbuild_copied=$((lbuild_copied + 1))
	return 0
}

`;

/**
 * The hooks' functions with all that hastens them; those of another version of initramfs-tools keep their copy_file.
 * @param text of hook-functions
 * @param withFirmware as in modinfoPrelude
 */
export function hastened(text: string, withFirmware: readonly string[]): string {
  const own = copyFileText.exec(text)?.[0] ?? '';
  const known = createHash('sha256').update(own).digest('hex') === knownCopyFile;
  const functions = known ? text.replace(copyFileText, () => `${copyModule}lbuild_${own}`) : text;
  return `${hookPrelude}${modinfoPrelude(withFirmware)}${functions}`;
}

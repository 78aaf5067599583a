// The package sets of the Debian oracle: what images are made with, each with a command that proves that it works.
import type { BaseName } from './bases.ts';

/** `scratch` has bookworm's essential packages for amd64, which the image gets by `apt_essential`. */
export type AptBase = Extract<BaseName, 'bookworm-amd64' | 'trixie-amd64'> | 'scratch';

export interface AptSet {
  readonly packages: readonly string[];
  readonly bases: readonly AptBase[];
  /** For `sh -eu` in the finished image, with python3 where bases have it: prints something that `says` matches. */
  readonly smoke: string;
  readonly says: RegExp;
}

const ON_BOOKWORM = ['bookworm-amd64', 'scratch'] as const;

export const BASES_OF_SETS: readonly AptBase[] = ['bookworm-amd64', 'trixie-amd64', 'scratch'];

function set(packages: string, smoke: string, says: RegExp, bases: readonly AptBase[] = BASES_OF_SETS): AptSet {
  return { packages: packages.split(' '), bases, smoke, says };
}

const HELLO_C = `printf '#include <stdio.h>\\nint main(void) { puts("compiled"); }\\n' > /tmp/hello.c`;
const GET = (url: string): string =>
  `python3 -c 'import urllib.request; print(urllib.request.urlopen("${url}").read().decode())'`;
/** A server that forks answers a moment later. */
const WAIT = 'sleep 1';

export const APT_SETS: readonly AptSet[] = [
  // `$SERVER` is an HTTPS server with a repository, `$CA` its authority's certificate.
  set(
    'git',
    'git -c http.sslCAInfo="$CA" clone -q "$SERVER/demo.git" /tmp/demo; cat /tmp/demo/README',
    /^of a clone$/m,
  ),
  set('curl', 'curl -fsS --cacert "$CA" "$SERVER/hello"', /^hello over TLS$/m),
  set('ca-certificates', 'test -s /etc/ssl/certs/ca-certificates.crt && ls /etc/ssl/certs | wc -l', /^\d{3}$/m),
  set('build-essential', `${HELLO_C}; gcc -o /tmp/hello /tmp/hello.c; /tmp/hello; g++ --version`, /^compiled$/m),
  set('libgl1', `python3 -c 'import ctypes; print(ctypes.CDLL("libGL.so.1"))'`, /libGL\.so\.1/),
  set('postgresql-client', 'psql --version', /^psql \(PostgreSQL\) \d+/m),
  set('openssh-client', 'ssh-keygen -q -t ed25519 -N "" -f /tmp/key; ssh-keygen -l -f /tmp/key', /ED25519/),
  set('nginx', `nginx; ${WAIT}; ${GET('http://127.0.0.1/')}; nginx -s stop`, /Welcome to nginx!/),
  set('locales', 'localedef -i en_US -f UTF-8 /tmp/en_US.UTF-8; ls /tmp/en_US.UTF-8', /LC_COLLATE/),
  set('imagemagick', 'convert -size 9x7 xc:red /tmp/a.png; identify /tmp/a.png', /PNG 9x7/),
  set('nodejs', `node -e 'console.log(6 * 7)'`, /^42$/m),
  set('python3-venv', 'python3 -m venv /tmp/venv; /tmp/venv/bin/pip --version', /^pip \d+/m),
  set('tini', 'tini -s -- echo started', /^started$/m),
  set('vim-tiny', 'vim.tiny --version', /VIM - Vi IMproved/),
  set('wget', 'wget -q -O - --ca-certificate="$CA" "$SERVER/hello"', /^hello over TLS$/m),
  set(
    'gnupg',
    'echo words | gpg --batch --quiet --passphrase x -c -o /tmp/a.gpg; gpg --batch -q --passphrase x -d /tmp/a.gpg',
    /^words$/m,
  ),
  set('jq', `echo '{"a": [1, 2]}' | jq -c .a`, /^\[1,2\]$/m),
  set('procps', 'ps -e -o comm', /^ps$/m),
  set('tzdata', `TZ=Asia/Kathmandu python3 -c 'import time; print(time.strftime("%z"))'`, /^\+0545$/m),
  set('libpq-dev', 'pg_config --includedir', /postgresql/),
  set('poppler-utils', 'pdftotext -v 2>&1', /pdftotext version/),
  set('sqlite3', `sqlite3 :memory: 'select 6 * 7'`, /^42$/m),
  set(
    'cron',
    'test -u /usr/bin/crontab || test -g /usr/bin/crontab; echo "* * * * * true" | crontab -; crontab -l',
    /true/,
    ON_BOOKWORM,
  ),
  set('sudo', 'sudo -n id -u', /^0$/m),
  set('iputils-ping', 'ping -V', /^ping from iputils/m),
  set('tesseract-ocr', 'tesseract --list-langs', /^eng$/m),
  set('libmagic1', `python3 -c 'import ctypes; print(ctypes.CDLL("libmagic.so.1").magic_version())'`, /^5\d\d$/m),
  set('cmake', 'cmake --version', /^cmake version/m),
  set('git curl openssh-client', 'git --version; curl --version; ssh -V 2>&1', /^OpenSSH_/m),
  set(
    'build-essential python3-dev',
    `${HELLO_C}; gcc $(python3-config --includes) -include Python.h -o /tmp/hello /tmp/hello.c; /tmp/hello`,
    /^compiled$/m,
  ),
  set(
    'libsm6 libxext6 libxrender1 libglib2.0-0',
    `python3 -c 'import ctypes; print(ctypes.CDLL("libglib-2.0.so.0"))'`,
    /libglib/,
  ),
  set('rsync zip unzip xz-utils bzip2 zstd', 'zip -q /tmp/a.zip /etc/passwd; unzip -l /tmp/a.zip', /etc\/passwd/),
  set('libssl-dev libffi-dev libxml2-dev libxslt1-dev pkg-config', 'pkg-config --modversion openssl libxslt', /^3\./m),
  set('fontconfig fonts-dejavu-core', 'fc-list', /DejaVuSans\.ttf/),
  set('less nano lsof strace htop tmux', 'strace -V; lsof -v 2>&1; tmux -V', /^tmux \d/m),
  set('redis-tools netcat-openbsd bind9-dnsutils', 'redis-cli --version; dig -v 2>&1', /^DiG /m),
  set('mariadb-client default-libmysqlclient-dev', 'mariadb --version; mariadb_config --version', /MariaDB/),
  set(
    'gfortran libopenblas-dev',
    `printf '      program a\\n      print *, 42\\n      end\\n' > /tmp/a.f; gfortran -o /tmp/a /tmp/a.f; /tmp/a`,
    /42/,
  ),
  set(
    'dumb-init gosu bash-completion lsb-release gettext',
    'gosu nobody id -un; dumb-init true; msgfmt --version',
    /^nobody$/m,
  ),
  set('supervisor', 'supervisord --version', /^\d+\.\d+/m),
  set('unixodbc libsasl2-modules krb5-user', 'isql --version; klist -V', /Kerberos 5/),
];

export interface ConfiguredSet {
  readonly packages: readonly string[];
  readonly bases: readonly AptBase[];
  /** The package whose script cannot be carried out by our shell. */
  readonly needs: string;
}

/** Sets with a package whose script runs a compiled program, or one in Perl, that makes files from what is installed. */
export const CONFIGURED_SETS: readonly ConfiguredSet[] = [
  { packages: ['ffmpeg'], bases: ON_BOOKWORM, needs: 'shared-mime-info' },
  { packages: ['graphviz'], bases: BASES_OF_SETS, needs: 'libgvc6' },
  { packages: ['ghostscript'], bases: ON_BOOKWORM, needs: 'fonts-urw-base35' },
  { packages: ['apache2'], bases: ON_BOOKWORM, needs: 'apache2' },
  { packages: ['dbus'], bases: ON_BOOKWORM, needs: 'dbus-daemon' },
  { packages: ['vim'], bases: ON_BOOKWORM, needs: 'vim-runtime' },
];

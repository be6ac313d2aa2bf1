#!/usr/bin/env node
// Stands beside dist, so that npm can link it before anything is built.
import { microbatch } from '../dist/index.js';

process.exitCode = await microbatch(process.argv.slice(2));

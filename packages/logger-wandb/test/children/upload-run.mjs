// Uploads the log at argv[2] to the server at argv[3]; the key comes in UPLOAD_KEY, so that no process list shows it.
import { uploadRun } from '../../dist/upload/upload-run.js';

const [, , logPath, baseUrl] = process.argv;
const result = await uploadRun({ logPath, baseUrl, apiKey: process.env.UPLOAD_KEY, maxPostSize: 400 });
process.stdout.write(result.outcome);

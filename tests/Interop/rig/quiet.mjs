// To be imported before LiveKit's SDK for Node, which else logs to standard output, where a benchmark's figures go.
process.env.NODE_ENV = 'production';

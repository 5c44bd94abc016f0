using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Nexus.Silo.Tests.Rig;

/// <summary>One line that was logged.</summary>
internal sealed record LogLine(int Event, LogLevel Level, string Category, string Text, IReadOnlyDictionary<string, object?> Fields, Exception? Cause);

/// <summary>Keeps what a host logs. Thread-safe.</summary>
internal sealed class LogProbe : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyList<LogLine> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _lines);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<LogLine> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var fields = (state as IEnumerable<KeyValuePair<string, object?>> ?? []).ToDictionary(f => f.Key, f => f.Value);
            lines.Enqueue(new LogLine(eventId.Id, logLevel, category, formatter(state, exception), fields, exception));
        }
    }
}

using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Health;

/// <summary>What the gateway counts, and whether it takes new sessions. Thread-safe.</summary>
public sealed partial class GatewayState
{
    public const string MeterName = "Nexus.Gateway";

    /// <summary>Lines of refusals in a second; the rest of a flood is only counted.</summary>
    private const int MostLines = 50;

    private readonly Counter<long> _joins;
    private readonly Histogram<double> _joinTimes;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _socketEnds;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private long _secondBegan;
    private int _linesOfSecond;
    private long _lostAt;
    private int _losses;
    private volatile Problem? _refusal;
    private volatile bool _draining;

    public GatewayState(IMeterFactory meters, TimeProvider time, ILogger<GatewayState> log)
    {
        (_time, _log) = (time, log);
        Meter meter = meters.Create(MeterName);
        _joins = meter.CreateCounter<long>("joins", "{join}", "Joins by tenant, leg and outcome: ok, or the code of the refusal. The tenant nexus.self is this process, which joins itself as it starts.");
        _joinTimes = meter.CreateHistogram<double>("join_duration", "s", "From a join's request to its answer, by tenant and leg.");
        _refusals = meter.CreateCounter<long>("requests_refused", "{request}", "Requests refused, by code.");
        _socketEnds = meter.CreateCounter<long>("websockets_ended", "{websocket}", "Ended WebSockets, by reason.");
        meter.CreateObservableGauge("draining", () => _draining ? 1 : 0, null, "1 while this process takes no new sessions.");
        meter.CreateObservableGauge(
            "info", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", ProductVersion.Current)), null, "1, with the version that runs.");
        Meter = meter;
    }

    /// <summary>For what others of the gateway observe.</summary>
    internal Meter Meter { get; }

    /// <summary>Called once at shutdown: <c>/readyz</c> says 503 and joins are refused from then on.</summary>
    public void BeginDrain() => _draining = true;

    /// <summary>A part of the cluster is gone: what grains there knew may be on its way back.</summary>
    public void NoteLoss()
    {
        Volatile.Write(ref _lostAt, _time.GetTimestamp());
        Interlocked.Increment(ref _losses);
    }

    /// <summary>How often a part of the cluster was lost.</summary>
    public int Losses => Volatile.Read(ref _losses);

    /// <summary>Whether so much time has not gone by since a part of the cluster was lost last.</summary>
    public bool HasLostWithin(TimeSpan time) => Volatile.Read(ref _lostAt) is var at and not 0 && _time.GetElapsedTime(at) < time;

    /// <summary>Why no new sessions are taken now; null when they are.</summary>
    public Problem? Refusal => _draining ? Draining : _refusal;

    /// <summary>Takes no new sessions from now on, for a reason that may pass; null takes them again.</summary>
    public void Refuse(Problem? reason) => _refusal = reason;

    private static readonly Problem Draining = new(ReasonCodes.ServerShutdown, "This server is going down: join by another one.");

    /// <param name="result"><c>ok</c> or a reason code.</param>
    /// <param name="duration">From the request to the answer.</param>
    public void CountJoin(TenantOptions tenant, SessionLeg leg, string result, TimeSpan duration)
    {
        var ofTenant = new KeyValuePair<string, object?>("tenant", tenant.Name);
        var ofLeg = new KeyValuePair<string, object?>("leg", leg.ToString().ToLowerInvariant());
        _joins.Add(1, ofTenant, ofLeg, new("result", result));
        _joinTimes.Record(duration.TotalSeconds, ofTenant, ofLeg);
    }

    public void CountSocketEnd(string reason) => _socketEnds.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A request was refused. One line each in the log, as long as it is no flood.</summary>
    /// <param name="what">Method and path, or the protocol and what was asked in it; never a token.</param>
    /// <param name="identity">Who asked, where that is known.</param>
    /// <param name="isNews">False for what happens every day, such as a read of what is not there: it is only counted.</param>
    public void CountRefusal(string code, string what, string? identity = null, IPAddress? source = null, bool isNews = true)
    {
        _refusals.Add(1, new KeyValuePair<string, object?>("code", code));
        if (isNews && MayLog())
        {
            LogRefused(what, code, identity, source);
        }
    }

    /// <summary>An admin or operator did something, or was not let.</summary>
    /// <param name="what">Method and path.</param>
    /// <param name="result">HTTP status, or the code of a refusal.</param>
    public void LogAct(string what, string result, string identity, string key) => LogActed(identity, key, what, result);

    private bool MayLog()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_secondBegan) >= TimeSpan.FromSeconds(1))
            {
                (_secondBegan, _linesOfSecond) = (_time.GetTimestamp(), 0);
            }

            return ++_linesOfSecond <= MostLines;
        }
    }

    [LoggerMessage(1401, LogLevel.Information, "refused: {What}: {Code} (identity {Identity}, from {Source})")]
    private partial void LogRefused(string what, string code, string? identity, IPAddress? source);

    [LoggerMessage(1402, LogLevel.Information, "{Identity} (key {ApiKey}) did {What}: {Result}")]
    private partial void LogActed(string identity, string apiKey, string what, string result);
}

/// <summary>What runs.</summary>
public static class ProductVersion
{
    public static string Current { get; } = typeof(ProductVersion).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>What hosts the grains.</summary>
    public const string Engine = "orleans";

    public static string Orleans { get; } =
        typeof(IGrainFactory).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+', ' ')[0].TrimEnd('.') ?? "0";
}

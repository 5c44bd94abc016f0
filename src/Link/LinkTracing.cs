using System.Diagnostics;

namespace Nexus.Link;

/// <summary>
/// Carries a trace over the link: the control side opens an activity around each command and sends its id along, the node opens
/// one with that parent around what it does. While nobody listens there are no activities and nothing is sent.
/// </summary>
public static class LinkTracing
{
    /// <summary>Name of the control side's source.</summary>
    public const string ControlSource = "Nexus.Link";

    /// <summary>Name of the node's source.</summary>
    public const string NodeSource = "Nexus.MediaNode";

    private static readonly ActivitySource Control = new(ControlSource);
    private static readonly ActivitySource Node = new(NodeSource);

    /// <summary>Opens the node's activity. Null when the command carries no trace, or nobody listens.</summary>
    public static Activity? StartHandling(LinkCommand command) => command.Traceparent is { } parent
        ? Named(Node.StartActivity(Name(command), ActivityKind.Server, parent), command)
        : null;

    /// <summary>Opens the control side's activity. Null when nobody listens.</summary>
    internal static Activity? StartAsking(LinkCommand command) => Named(Control.StartActivity(Name(command), ActivityKind.Client), command);

    /// <summary>The command with the trace that it is part of.</summary>
    internal static LinkCommand Traced(LinkCommand command) =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } ? command with { Traceparent = id } : command;

    private static Activity? Named(Activity? activity, LinkCommand command) => activity?.SetTag("nexus.session", command switch
    {
        DescribeSession c => c.Session,
        ApplySession a => a.Session,
        CloseSession c => c.Session,
        _ => null,
    });

    private static string Name(LinkCommand command) => command switch
    {
        ClaimNode => "node claim",
        DescribeSession => "node describe",
        ApplySession => "node apply",
        CloseSession => "node close",
        SendData => "node send-data",
        InspectRoom => "node inspect-room",
        _ => "node command",
    };
}

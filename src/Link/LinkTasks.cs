using System.Runtime.ExceptionServices;

namespace Nexus.Link;

internal static class LinkTasks
{
    /// <summary>Waits for the first of a link's parts to end, stops the others, and ends as the first did.</summary>
    public static async Task UntilFirstEnds(IReadOnlyCollection<Task> parts, CancellationTokenSource ending)
    {
        Task first = await Task.WhenAny(parts);
        await ending.CancelAsync();
        try
        {
            await Task.WhenAll(parts);
        }
        catch (Exception e) when (e is LinkException or OperationCanceledException)
        {
            // what ended the link is the first part's business, the others only followed
        }

        if (first.Exception is { } failed)
        {
            ExceptionDispatchInfo.Throw(failed.InnerException!);
        }
    }
}

namespace Nexus.Grains.Filters;

/// <summary>
/// A call that Orleans gave up on its way, while a silo was being lost, ends in an <see cref="OperationCanceledException"/>. Nobody here
/// cancelled it: its caller gets what any other call without an answer ends in.
/// </summary>
public sealed class LostCalls : IOutgoingGrainCallFilter
{
    /// <exception cref="TimeoutException">The call was given up.</exception>
    public Task Invoke(IOutgoingGrainCallContext context) =>
        context.InterfaceName.StartsWith("Nexus.", StringComparison.Ordinal) ? InvokeOurs(context) : context.Invoke();

    private static async Task InvokeOurs(IOutgoingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{context.MethodName} was given up on its way: {e.Message}", e);
        }
    }
}

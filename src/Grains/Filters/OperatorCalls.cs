using System.Collections.Concurrent;
using System.Reflection;
using Nexus.Contracts;

namespace Nexus.Grains.Filters;

/// <summary>
/// Lets only operators call what is marked <see cref="OperatorOnlyAttribute"/>. The gateway has checked the token; this is the second
/// lock, so that no new door can forget the first.
/// </summary>
public sealed class OperatorCalls : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<MethodInfo, bool> _guarded = new();

    /// <exception cref="UnauthorizedAccessException">The caller is no operator.</exception>
    public Task Invoke(IIncomingGrainCallContext context)
    {
        bool guarded = context.InterfaceMethod is { } method
            && _guarded.GetOrAdd(method, static m => m.GetCustomAttribute<OperatorOnlyAttribute>() is not null);
        return guarded && !OperatorCall.IsUnderWay
            ? throw new UnauthorizedAccessException($"{context.MethodName} is for operators: call it within {nameof(OperatorCall)}.{nameof(OperatorCall.By)}")
            : context.Invoke();
    }
}
